import { isList, isObject, type JsonObject, type JsonValue, listAt } from "../../../src/local/json.ts";

/** An answer or an event without what two servers may say differently: uids, versions, names made up, and times of now. */
export function comparable(value: JsonValue): JsonValue {
  return stripped(value, []);
}

/** Fields that one server alone has a reason to fill in, by the end of their paths. */
const dropped: ReadonlySet<string> = new Set([
  "metadata.managedFields",
  // of the defaults of Kubernetes' admission, which needs nodes and priority classes
  ...["spec.tolerations", "spec.priority", "spec.preemptionPolicy"],
  "columnDefinitions.description",
  // kubectl and client libraries fill them in: Kubernetes says them of custom resources' items alone
  ...["items.apiVersion", "items.kind"],
]);

function stripped(value: JsonValue, path: readonly string[]): JsonValue {
  if (isList(value)) return value.map((each) => stripped(each, path));
  if (isObject(value)) return strippedObject(value, path);
  return typeof value === "string" ? strippedText(value, path) : value;
}

function strippedObject(object: JsonObject, path: readonly string[]): JsonObject {
  if (object["kind"] === "Status" && path.length === 0) return refusal(object);
  const fields = Object.entries(object).flatMap(([name, value]) => {
    const here = [...path, name];
    const isEmptyToken = (name === "continue" && value === "") || (name === "lastProbeTime" && value === null);
    return isEmptyToken || dropped.has(here.slice(-2).join("."))
      ? []
      : [[name, (name === "items" || name === "rows") && value === null ? [] : stripped(value, here)] as const];
  });
  return Object.fromEntries(fields.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Kubernetes says the mistakes of an object in any order, and where there are some the sentence is made of them. */
function refusal({ message = "", ...status }: JsonObject): JsonObject {
  const details = isObject(status["details"]) ? status["details"] : undefined;
  const said = listAt(details, "causes").map((cause) => JSON.stringify(stripped(cause, ["causes"])));
  const causes = [...new Set(said)].filter((cause) => !ofAdmission.test(cause)).sort();
  const sorted = details === undefined ? {} : { details: { ...strippedObject(details, ["details"]), causes } };
  return { ...status, ...sorted, message: said.length > 0 ? "" : stripped(message, ["message"]) };
}

/** Pods have tolerations there that nobody asked for. What else may not change of a pod is said besides. */
const ofAdmission = /existing toleration can not be modified|pod updates may not change/;

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const made = /(made-\d+-)[a-z0-9]{5}\b/g;
const hourMs = 3_600_000;

function strippedText(text: string, path: readonly string[]): string {
  const field = path.at(-1);
  if (field === "resourceVersion" && path.at(-2) === "metadata") return "a version";
  if (field === "continue") return "a token";
  const isNow = /^\d{4}-\d\d-\d\dT/.test(text) && Math.abs(Date.parse(text) - Date.now()) < hourMs;
  if (isNow) return "now";
  const words = text.replace(uuid, (found) => (found.startsWith("00000000") ? found : "a uid")).replace(made, "$1?");
  return field === "message" ? withoutDetails(words) : words.replace(/^\d+s$/, "N s");
}

/** `path: what one says | what the other says`, for every place where they differ. */
export function differing(one: JsonValue | undefined, other: JsonValue | undefined, path = ""): readonly string[] {
  if (isObject(one) && isObject(other)) {
    const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
    return names.flatMap((name) => differing(one[name], other[name], `${path}.${name}`));
  }
  if (isList(one) && isList(other) && one.length === other.length) {
    return one.flatMap((each, index) => differing(each, other[index], `${path}[${index}]`));
  }
  const [left = "nothing", right = "nothing"] = [one, other].map((each) => JSON.stringify(each));
  if (left === right) return [];
  const from = Math.max(0, sameStart(left, right) - mostShown / 3);
  return [`${path}: ${[left, right].map((each) => each.slice(from, from + mostShown)).join(" | ")}`];
}

/** Characters of a value. */
const mostShown = 600;

function sameStart(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
}

/** Texts that have a type of their own in Go, which Kubernetes' OpenAPI does not know. */
const textTypes = /of type v1\.PodPhase$/;

/** Of a JSON patch that is no list, with and without fieldValidation=Ignore. */
const notOperations =
  /^(error decoding patch: )?json: cannot unmarshal \w+ into Go value of type (\[\]handlers\.jsonPatchOp|jsonpatch\.Patch)$/;

/** What Go prints of its own values, and versions. */
function withoutDetails(message: string): string {
  return (
    message
      .replace(/ (in record|in the precondition|version:?) \(?\d+\)?/g, " $1 N")
      .replace(/Invalid value: \{.*\}: (cannot change|field is immutable)/s, "$1")
      .replace(/StorageError: .* AdditionalErrorMsg: /, "")
      .replace(/(patch: |^)Invalid value: "\{([^"\\]|\\.)*"/s, "$1Invalid value: the object")
      .replace(", application/apply-patch+yaml", "")
      .replace(textTypes, "of type string")
      .replace(/(pod updates may not change fields other than).*/s, "$1")
      .replace(notOperations, "error decoding patch: it is not a list of operations")
      // ours says which
      .replace(/(the server rejected our request due to an error in our request).*/s, "$1")
  );
}
