import { parseCron } from "../../kit/cron.ts";
import { Failure } from "../../kit/failures.ts";
import { at, isSame, type JsonObject, type JsonValue, textAt } from "../json.ts";
import { nonNegative, oneOf } from "./checks.ts";
import { type FieldError, invalid, required, unsupported } from "./field-error.ts";
import { jobSelectorErrors } from "./job-selector.ts";
import { labelMistakes } from "./names.ts";
import { templateErrors } from "./validate-pod.ts";

const counts = [
  ...["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"],
  ...["backoffLimitPerIndex", "maxFailedIndexes"],
];

export function jobErrors(job: JsonObject, before?: JsonObject): readonly FieldError[] {
  return [...jobSpecErrors(at(job, "spec"), "spec"), ...jobSelectorErrors(job, before), ...hostErrors(job)];
}

/** Pods of an Indexed Job are named by their index: the longest must be a host's name. */
function hostErrors(job: JsonObject): readonly FieldError[] {
  const completions = at(job, "spec", "completions");
  const isIndexed = textAt(job, "spec", "completionMode") === "Indexed";
  if (!isIndexed || typeof completions !== "number" || completions <= 0) return [];
  const name = textAt(job, "metadata", "name");
  const host = `${name}-${completions - 1}`;
  if (labelMistakes(host).length === 0) return [];
  return [invalid("metadata.name", name, `will not able to create pod with invalid DNS label: ${host}`)];
}

function jobSpecErrors(spec: JsonValue | undefined, path: string): readonly FieldError[] {
  const isIndexed = textAt(spec, "completionMode") === "Indexed";
  return [
    ...nonNegative(spec, path, ...counts),
    ...oneOf(spec, path, ["completionMode", ["NonIndexed", "Indexed"]]),
    ...(isIndexed && at(spec, "completions") === undefined
      ? [required(`${path}.completions`, "when completion mode is Indexed")]
      : []),
    ...(isIndexed ? [] : indexedOnly(spec, path)),
    ...(at(spec, "maxFailedIndexes") !== undefined && at(spec, "backoffLimitPerIndex") === undefined
      ? [required(`${path}.backoffLimitPerIndex`, "when maxFailedIndexes is specified")]
      : []),
    ...oneOf(spec, path, ["podReplacementPolicy", replacementsOf(spec)]),
    ...templateErrors(at(spec, "template"), `${path}.template`),
    ...restartErrors(textAt(spec, "template", "spec", "restartPolicy"), `${path}.template.spec.restartPolicy`),
  ];
}

function replacementsOf(spec: JsonValue | undefined): readonly string[] {
  return at(spec, "podFailurePolicy") === undefined ? ["Failed", "TerminatingOrFailed"] : ["Failed"];
}

function indexedOnly(spec: JsonValue | undefined, path: string): readonly FieldError[] {
  return ["backoffLimitPerIndex", "maxFailedIndexes"].flatMap((name) => {
    const value = at(spec, name);
    return value === undefined ? [] : [invalid(`${path}.${name}`, value, "requires indexed completion mode")];
  });
}

function restartErrors(policy: string, path: string): readonly FieldError[] {
  if (policy === "OnFailure" || policy === "Never") return [];
  if (policy !== "" && policy !== "Always") return [unsupported(path, policy, ["OnFailure", "Never"])];
  return [required(path, 'valid values: "OnFailure", "Never"')];
}

/** The controller makes Jobs of it by a suffix of 11 characters. */
const longestName = 52;

export function cronJobErrors(cronJob: JsonObject, before?: JsonObject): readonly FieldError[] {
  const spec = at(cronJob, "spec");
  const name = textAt(cronJob, "metadata", "name");
  const isNew = before === undefined;
  const isZoneNew = isNew || !isSame(at(before, "spec", "timeZone"), at(spec, "timeZone"));
  const job = at(spec, "jobTemplate", "spec");
  return [
    ...(isNew && name.length > longestName
      ? [invalid("metadata.name", name, `must be no more than ${longestName} characters`)]
      : []),
    ...scheduleErrors(textAt(spec, "schedule")),
    ...(isZoneNew ? zoneErrors(at(spec, "timeZone")) : []),
    ...nonNegative(spec, "spec", "startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"),
    ...oneOf(spec, "spec", ["concurrencyPolicy", ["Allow", "Forbid", "Replace"]]),
    ...jobSpecErrors(job, "spec.jobTemplate.spec"),
    ...(at(job, "manualSelector") === true
      ? [unsupported("spec.jobTemplate.spec.manualSelector", true, ["nil", "false"])]
      : []),
    ...(at(job, "selector") === undefined
      ? []
      : [invalid("spec.jobTemplate.spec.selector", at(job, "selector"), "`selector` will be auto-generated")]),
  ];
}

function scheduleErrors(schedule: string): readonly FieldError[] {
  const field = "spec.schedule";
  if (schedule === "") return [required(field)];
  if (schedule.includes("TZ")) {
    return [invalid(field, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")];
  }
  const parts = schedule.split(/\s+/).filter((part) => part !== "");
  if (!schedule.startsWith("@") && parts.length !== 5) {
    return [invalid(field, schedule, `expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`)];
  }
  try {
    parseCron(schedule);
    return [];
  } catch (error) {
    if (Failure.is(error, "configuration-invalid")) return [invalid(field, schedule, error.message)];
    throw error;
  }
}

function zoneErrors(zone: JsonValue | undefined): readonly FieldError[] {
  const field = "spec.timeZone";
  if (typeof zone !== "string") return [];
  if (zone === "") return [invalid(field, zone, "timeZone must be nil or non-empty string")];
  const explicit = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
  return [
    ...(zone.toLowerCase() === "local" ? [invalid(field, zone, explicit)] : []),
    ...(isZone(zone) ? [] : [invalid(field, zone, `unknown time zone ${zone}`)]),
  ];
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    // Intl takes offsets too
    return !/^[+-]/.test(zone);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
