/**
 * Runs a pod runner as a process of its own, to be killed. Arguments: kubeconfig, node, folder, image.
 * Containers run `/bin/sh -c` with their args.
 */

import { jsonLog } from "../../src/kit/log.ts";
import { openCluster } from "../../src/kube/client.ts";
import { readKubeconfig } from "../../src/kube/kubeconfig.ts";
import { startRunner } from "../../src/machine/runner.ts";

const [kubeconfig = "", node = "", folder = "", image = ""] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const cluster = openCluster(readKubeconfig({ path: kubeconfig }));
const runner = await startRunner(cluster, {
  ...{ node, folder, image, signal: stop.signal },
  entry: ["/bin/sh", "-c"],
  environment: { PATH: "/usr/bin:/bin" },
  log: jsonLog(
    (line) => process.stderr.write(line),
    () => new Date(),
  ),
});
process.stdout.write("ready\n");
await runner.stopped;
await cluster[Symbol.asyncDispose]();
