import type { ConditionNews } from "../../api/condition.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { type InvokerFacts, pushJob } from "../../metrics/labels.ts";
import { pushMetrics } from "../../metrics/push.ts";
import type { Series } from "../../metrics/table.ts";
import type { World } from "../controller.ts";
import { newsOf } from "./news.ts";

/** The session waits for its figures this long, twice. */
const timeoutMs = 3000;

/** MetricsPushed: the condition ends the session whatever it says. */
export async function pushSession(
  { settings, metrics }: World,
  { invoker, series }: { readonly invoker: InvokerFacts; readonly series: readonly Series[] },
  { signal }: Waiting,
): Promise<ConditionNews> {
  const url = settings.operatorPushgatewayUrl;
  if (url === undefined || url === "") return newsOf("MetricsPushed", "True", "No Pushgateway is configured.");
  const pushed = await pushMetrics({ url, job: pushJob(invoker), series, method: "POST" }, { signal, timeoutMs });
  metrics.add("coldstream_pushes_total", { result: pushed.pushed ? "pushed" : "failed" });
  return pushed.pushed
    ? newsOf("MetricsPushed", "True", "The metrics of the session were pushed.")
    : newsOf("MetricsPushed", "False", `The metrics of the session were not pushed: ${pushed.reason}.`);
}
