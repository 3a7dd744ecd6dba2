import { at, isObject, type JsonObject, type JsonValue, textAt } from "../json.ts";
import { type FieldError, invalid, required } from "./field-error.ts";
import { selectorErrors, selects } from "./label-selector.ts";

const prefix = "batch.kubernetes.io/";
const controller = "controller-uid";
const named = "job-name";

type Labels = Readonly<Record<string, string>>;

/** By what a Job of this uid and name finds its pods. */
export function selectorLabels(uid: string): Labels {
  return { [`${prefix}${controller}`]: uid };
}

/** What a Job's pods are labelled with; nobody else's are. */
export function podLabels(job: JsonObject): Labels {
  const older = olderLabels(job);
  return { ...older, ...Object.fromEntries(Object.entries(older).map(([key, value]) => [prefix + key, value])) };
}

function olderLabels(job: JsonObject): Labels {
  return { [controller]: textAt(job, "metadata", "uid"), [named]: textAt(job, "metadata", "name") };
}

/** The selector is made by the server, unless the user says that he makes it. `before`: what the Job was. */
export function jobSelectorErrors(job: JsonObject, before?: JsonObject): readonly FieldError[] {
  const selector = at(job, "spec", "selector");
  const labels = at(job, "spec", "template", "metadata", "labels");
  const isManual = at(job, "spec", "manualSelector") === true;
  const wrong = selectorErrors(selector, "spec.selector");
  const isFitting = wrong.length > 0 || selects(selector, labels);
  return [
    ...(selector === undefined ? [required("spec.selector")] : wrong),
    ...(isManual || selector === undefined ? [] : generatedErrors(job, selector, before)),
    ...(isFitting
      ? []
      : [invalid("spec.template.metadata.labels", sorted(labels), "`selector` does not match template `labels`")]),
  ];
}

function generatedErrors(job: JsonObject, selector: JsonValue, before?: JsonObject): readonly FieldError[] {
  const labels = at(job, "spec", "template", "metadata", "labels");
  const expected = before === undefined || hasNames(before) ? podLabels(job) : olderLabels(job);
  const isGenerated = selectorErrors(selector, "").length > 0 || selects(selector, expected);
  return [
    ...Object.entries(expected).flatMap(([key, value]) => labelErrors(labels, key, value)),
    ...(isGenerated ? [] : [invalid("spec.selector", selector, "`selector` not auto-generated")]),
  ];
}

/** Jobs of Kubernetes before 1.27 do not have the labels with a prefix. */
function hasNames(job: JsonObject): boolean {
  const labels = at(job, "spec", "template", "metadata", "labels");
  return [controller, named].every((name) => at(labels, prefix + name) !== undefined);
}

function labelErrors(labels: JsonValue | undefined, key: string, expected: string): readonly FieldError[] {
  const field = `spec.template.metadata.labels[${key}]`;
  const found = at(labels, key);
  const detail = `must be '${expected}'`;
  if (found === undefined) return [required(field, detail)];
  return found === expected ? [] : [invalid(field, sorted(labels), detail)];
}

/** As Go prints a map. */
function sorted(labels: JsonValue | undefined): JsonValue {
  if (!isObject(labels)) return null;
  return Object.fromEntries(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}
