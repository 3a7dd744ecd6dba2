import { ageColumn, type Column, column, nameColumn, textColumn, wide } from "./columns.ts";
import { age, humanDuration } from "./columns-age.ts";
import { at, isObject, type JsonObject, type JsonValue, listAt, textAt } from "./json.ts";

/** `path` leads to what holds the template and the selector. */
function workload(...path: readonly string[]): readonly Column[] {
  const listed = (name: string) => (object: JsonObject) =>
    listAt(object, ...path, "template", "spec", "containers")
      .map((each) => textAt(each, name))
      .join(",");
  return [
    wide("Containers", listed("name")),
    wide("Images", listed("image")),
    wide("Selector", (object) => selectorText(at(object, ...path, "selector"))),
  ];
}

export const jobColumns: readonly Column[] = [
  nameColumn,
  column("Status", jobStatus),
  column("Completions", completions),
  column("Duration", (job, now) => {
    const start = textAt(job, "status", "startTime");
    if (start === "") return "";
    const end = textAt(job, "status", "completionTime");
    return humanDuration((end === "" ? now : Date.parse(end)) - Date.parse(start));
  }),
  ageColumn,
  ...workload("spec"),
];

export const cronJobColumns: readonly Column[] = [
  nameColumn,
  textColumn("Schedule", "spec", "schedule"),
  column("Timezone", (cronJob) => textAt(cronJob, "spec", "timeZone") || "<none>"),
  column("Suspend", suspended, { type: "boolean" }),
  column("Active", (cronJob) => listAt(cronJob, "status", "active").length, { type: "integer" }),
  column("Last Schedule", (cronJob, now) => {
    const last = textAt(cronJob, "status", "lastScheduleTime");
    return last === "" ? "<none>" : age(last, now);
  }),
  ageColumn,
  ...workload("spec", "jobTemplate", "spec"),
];

function suspended(cronJob: JsonObject): string {
  const suspend = at(cronJob, "spec", "suspend");
  if (suspend === undefined) return "<unset>";
  return suspend === true ? "True" : "False";
}

/** What holds first, in this order, is what is shown. */
const endings = ["Complete", "Failed"];
const stages = ["Suspended", "FailureTarget", "SuccessCriteriaMet"];

function jobStatus(job: JsonObject): string {
  const hold = (type: string) =>
    listAt(job, "status", "conditions").some(
      (each) => textAt(each, "type") === type && textAt(each, "status") === "True",
    );
  const ending = endings.find(hold);
  if (ending !== undefined) return ending;
  if (at(job, "metadata", "deletionTimestamp") !== undefined) return "Terminating";
  return stages.find(hold) ?? "Running";
}

function completions(job: JsonObject): string {
  const succeeded = at(job, "status", "succeeded") ?? 0;
  const wanted = at(job, "spec", "completions");
  if (wanted !== undefined) return `${succeeded}/${wanted}`;
  const parallelism = at(job, "spec", "parallelism") ?? 0;
  return Number(parallelism) > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

/** `a=b,c in (d,e)`. */
export function selectorText(selector: JsonValue | undefined): string {
  const labels = at(selector, "matchLabels");
  const equal = isObject(labels) ? Object.entries(labels).map(([key, value]) => `${key}=${value}`) : [];
  const parts = [...equal, ...listAt(selector, "matchExpressions").map(expressionText)].sort();
  return parts.length === 0 ? "<none>" : parts.join(",");
}

function expressionText(expression: JsonValue): string {
  const key = textAt(expression, "key");
  const operator = textAt(expression, "operator");
  const values = `(${[...listAt(expression, "values")].sort().join(",")})`;
  switch (operator) {
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
    default:
      return `${key} ${operator === "In" ? "in" : "notin"} ${values}`;
  }
}
