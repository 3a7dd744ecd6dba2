import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../src/kit/log.ts";
import { openCluster } from "../../src/kube/client.ts";
import type { Cluster } from "../../src/kube/cluster.ts";
import type { ClusterSettings } from "../../src/kube/settings.ts";
import { writeKubeconfig } from "../../src/local/kubeconfig.ts";
import { type ApiServer, startApiServer } from "../../src/local/server.ts";
import { type KubectlEnd, kubectl } from "../support/kubectl.ts";

/** Our API server on a port of its own, and clients of it. */
export interface Stage extends AsyncDisposable {
  readonly folder: string;
  readonly api: ApiServer;
  readonly settings: ClusterSettings;
  readonly cluster: Cluster;
  readonly kubeconfig: string;
  /** `env`: added to its environment. */
  kubectl(args: readonly string[], input?: string, env?: Readonly<Record<string, string>>): Promise<KubectlEnd>;
  /** As somebody else. */
  as(token: string): Cluster;
}

export async function openStage(given?: string): Promise<Stage> {
  const folder = given ?? (await mkdtemp(join(tmpdir(), "coldstream-local-")));
  const stop = new AbortController();
  const listen = { host: "127.0.0.1", port: 0 };
  const api = await startApiServer({ folder: join(folder, "data"), listen, log: silentLog, signal: stop.signal });
  const kubeconfig = join(folder, "kubeconfig");
  await writeKubeconfig(kubeconfig, api);
  const settings = { server: api.url, ca: api.caPem, token: api.adminToken };
  const open: Cluster[] = [];
  const as = (token: string) => {
    const cluster = openCluster({ ...settings, token });
    open.push(cluster);
    return cluster;
  };
  return {
    ...{ folder, api, settings, kubeconfig, as },
    cluster: as(api.adminToken),
    kubectl: (args, input, env = {}) =>
      kubectl({ kubeconfig, folder }, args, { env, ...(input === undefined ? {} : { input }) }),
    async [Symbol.asyncDispose]() {
      for (const cluster of open) await cluster[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
      if (given === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
