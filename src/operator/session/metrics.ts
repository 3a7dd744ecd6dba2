import type { ConditionNews } from "../../api/condition.ts";
import { newsOf } from "./news.ts";

/** Says in MetricsPushed what came of a push: the condition ends the session either way. */
export function metricsPushed(url: string | undefined, trouble: string | undefined): ConditionNews {
  if (url === undefined) return newsOf("MetricsPushed", "True", "No Pushgateway is configured.");
  return trouble === undefined
    ? newsOf("MetricsPushed", "True", "The metrics of the session were pushed.")
    : newsOf("MetricsPushed", "False", `The metrics of the session could not be pushed: ${trouble}.`);
}
