import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../src/kit/log.ts";
import { openCluster } from "../../src/kube/client.ts";
import { readKubeconfig } from "../../src/kube/kubeconfig.ts";
import { writeKubeconfig } from "../../src/local/kubeconfig.ts";
import { type ApiServer, startApiServer } from "../../src/local/server.ts";
import { startControllers } from "../../src/machine/controllers.ts";
import type { ControlPlane } from "./control-plane.ts";
import { openAdmin } from "./control-plane-admin.ts";
import { kubectl } from "./kubectl.ts";

/** Our own API server, with our own controllers unless told, in place of Kubernetes'. There is no node in it either. */
export async function startLocalPlane(options: { readonly withoutControllers?: boolean } = {}): Promise<ControlPlane> {
  const folder = await mkdtemp(join(tmpdir(), "coldstream-local-plane-"));
  await using opening = new AsyncDisposableStack();
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  let server: ApiServer | undefined;
  const start = async (port: number) => {
    const { signal } = new AbortController();
    server = await startApiServer({
      ...{ folder: join(folder, "data"), listen: { host: "127.0.0.1", port }, log: silentLog, signal },
    });
    return server;
  };
  const stopApiServer = async () => await server?.[Symbol.asyncDispose]();
  const { url, port, caPem: ca, adminToken: token } = await start(0);
  opening.defer(stopApiServer);
  const kubeconfig = join(folder, "kubeconfig");
  await writeKubeconfig(kubeconfig, { url, caPem: ca, adminToken: token });
  await mkdir(join(folder, "certs"));
  await writeFile(join(folder, "certs/apiserver.crt"), ca);
  const admin = await openAdmin({ folder, port, token });
  const settings = readKubeconfig({ path: kubeconfig });
  if (options.withoutControllers !== true) {
    const cluster = opening.use(openCluster(settings));
    opening.use(await startControllers(cluster, { authority: ca, signal: new AbortController().signal }));
    await admin.waitForAccount("default");
  }
  const open = opening.move();
  const stop = () => open.disposeAsync();
  return {
    ...{ folder, kubeconfig, server: url, port, token, ca, settings, stopApiServer, stop },
    ...{ request: admin.request, createNamespace: admin.createNamespace, createToken: admin.createToken },
    async apply(text) {
      const end = await kubectl({ kubeconfig, folder }, ["apply", "--validate=strict", "-f", "-"], { input: text });
      if (end.exit !== 0) throw new Error(`kubectl apply: ${end.stderr}`);
    },
    async restartApiServer() {
      await stopApiServer();
      await start(port);
    },
    [Symbol.asyncDispose]: stop,
  };
}
