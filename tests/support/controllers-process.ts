/**
 * Runs the controllers as a process of their own, to be killed. Arguments: kubeconfig, file with the server's authority, and
 * `all` where our kinds are served.
 */

import { readFile } from "node:fs/promises";
import { jsonLog } from "../../src/kit/log.ts";
import { openCluster } from "../../src/kube/client.ts";
import { readKubeconfig } from "../../src/kube/kubeconfig.ts";
import { startControllers } from "../../src/machine/controllers.ts";
import { allKinds, builtInKinds } from "../../src/machine/kinds.ts";

const [kubeconfig = "", authority = "", kinds = ""] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const cluster = openCluster(readKubeconfig({ path: kubeconfig }));
const controllers = await startControllers(cluster, {
  signal: stop.signal,
  authority: await readFile(authority, "utf8"),
  kinds: kinds === "all" ? allKinds : builtInKinds,
  jobBackOff: { firstMs: 100, mostMs: 100 },
  log: jsonLog(
    (line) => process.stderr.write(line),
    () => new Date(),
  ),
});
process.stdout.write("ready\n");
await controllers.stopped;
await cluster[Symbol.asyncDispose]();
