import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../src/kit/log.ts";
import { writeKubeconfig } from "../../src/local/kubeconfig.ts";
import { startApiServer } from "../../src/local/server.ts";
import { allKinds, builtInKinds } from "../../src/machine/kinds.ts";
import { controlPlaneMissing, startControlPlane } from "../support/control-plane.ts";
import type { Server } from "./controllers-place.ts";

/** Beside which API servers the controllers are tried. */
export const servers: readonly {
  readonly name: string;
  /** Why not here. */
  readonly missing: string | undefined;
  readonly start: () => Promise<Server>;
}[] = [
  { name: "Kubernetes' API server", missing: controlPlaneMissing(), start: kubernetesServer },
  { name: "our API server", missing: undefined, start: localServer },
];

async function kubernetesServer(): Promise<Server> {
  const plane = await startControlPlane({ withoutControllers: true, withoutKinds: true });
  return { ...plane, kinds: builtInKinds, ca: plane.ca };
}

export async function localServer(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), "coldstream-controllers-api-"));
  const { signal } = new AbortController();
  const server = await startApiServer({ folder, listen: { host: "127.0.0.1", port: 0 }, log: silentLog, signal });
  const { url, caPem, adminToken } = server;
  const kubeconfig = join(folder, "kubeconfig");
  await writeKubeconfig(kubeconfig, server);
  return {
    kubeconfig,
    settings: { server: url, ca: caPem, token: adminToken },
    ...{ ca: caPem, kinds: allKinds },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
