import { at, isObject, isSame, type JsonObject, type JsonValue, listAt, textAt } from "../json.ts";
import { type FieldError, forbidden, invalid, required, tooLong } from "./field-error.ts";
import {
  label1035Mistakes,
  labelKeyMistakes,
  labelMistakes,
  labelValueMistakes,
  type NameRule,
  pathSegmentMistakes,
  subdomainMistakes,
} from "./names.ts";

const mostAnnotationBytes = 256 * 1024;

/** Kinds whose names have rules of their own; all others are named as subdomains. */
const nameRules: Readonly<Record<string, NameRule>> = {
  ClusterRole: pathSegmentMistakes,
  ClusterRoleBinding: pathSegmentMistakes,
  Namespace: labelMistakes,
  Role: pathSegmentMistakes,
  RoleBinding: pathSegmentMistakes,
  Service: label1035Mistakes,
};

/** What is wrong with an object's metadata. `object` has the name under which it shall be kept. `kind`: "" for ours. */
export function metadataErrors(kind: string, object: JsonObject): readonly FieldError[] {
  const metadata = at(object, "metadata");
  const rule = nameRules[kind] ?? subdomainMistakes;
  return [
    ...nameErrors(metadata, rule),
    ...labelErrors(at(metadata, "labels"), "metadata.labels"),
    ...annotationErrors(at(metadata, "annotations"), "metadata.annotations"),
    ...ownerErrors(listAt(metadata, "ownerReferences")),
    ...finalizerErrors(kind, listAt(metadata, "finalizers")),
  ];
}

function nameErrors(metadata: JsonValue | undefined, rule: NameRule): readonly FieldError[] {
  const prefix = textAt(metadata, "generateName");
  const name = textAt(metadata, "name");
  return [
    // what follows the prefix is a good end
    ...(prefix === ""
      ? []
      : rule(prefix.replace(/-$/, "a")).map((each) => invalid("metadata.generateName", prefix, each))),
    ...(name === ""
      ? [required("metadata.name", "name or generateName is required")]
      : rule(name).map((each) => invalid("metadata.name", name, each))),
  ];
}

export function labelErrors(labels: JsonValue | undefined, field: string): readonly FieldError[] {
  return entriesOf(labels).flatMap(([key, value]) => [
    ...labelKeyMistakes(key).map((each) => invalid(field, key, each)),
    ...labelValueMistakes(String(value)).map((each) => invalid(field, value, each)),
  ]);
}

export function annotationErrors(annotations: JsonValue | undefined, field: string): readonly FieldError[] {
  const entries = entriesOf(annotations);
  const bytes = entries.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)),
    0,
  );
  return [
    ...entries.flatMap(([key]) => labelKeyMistakes(key.toLowerCase()).map((each) => invalid(field, key, each))),
    ...(bytes > mostAnnotationBytes ? [tooLong(field, mostAnnotationBytes)] : []),
  ];
}

function ownerErrors(owners: readonly JsonValue[]): readonly FieldError[] {
  const field = "metadata.ownerReferences";
  const lacking = owners.flatMap((owner) =>
    ["apiVersion", "kind", "name", "uid"]
      .filter((name) => textAt(owner, name) === "")
      .map((name) =>
        invalid(`${field}.${name}`, "", name === "apiVersion" ? "version must not be empty" : "must not be empty"),
      ),
  );
  const controllers = owners.filter((owner) => at(owner, "controller") === true);
  const [first, second] = controllers.map((owner) => `${textAt(owner, "kind")}/${textAt(owner, "name")}`);
  if (second === undefined) return lacking;
  const detail = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;
  return [...lacking, invalid(field, owners, detail)];
}

const standardFinalizers = ["kubernetes", "orphan", "foregroundDeletion"];

/** That one is fully qualified is asked of Kubernetes' own kinds alone (validateKubeFinalizerName in pkg/apis/core/validation). */
function finalizerErrors(kind: string, finalizers: readonly JsonValue[]): readonly FieldError[] {
  const field = "metadata.finalizers";
  const wrong = finalizers.flatMap((finalizer, index) => {
    const name = String(finalizer);
    const mistakes = labelKeyMistakes(name).map((each) => invalid(field, name, each));
    const isKnown = kind === "" || name.includes("/") || standardFinalizers.includes(name);
    if (mistakes.length > 0 || isKnown) return mistakes;
    return [invalid(`${field}[${index}]`, name, "name is neither a standard finalizer name nor is it fully qualified")];
  });
  const isBoth = finalizers.includes("orphan") && finalizers.includes("foregroundDeletion");
  const detail = "finalizer orphan and foregroundDeletion cannot be both set";
  return isBoth ? [...wrong, invalid(field, finalizers, detail)] : wrong;
}

/** Written once, by the API server. */
export function metadataChangeErrors(before: JsonObject, after: JsonObject): readonly FieldError[] {
  const fixed = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];
  const changed = fixed.flatMap((name) => {
    const value = at(after, "metadata", name);
    if (isSame(at(before, "metadata", name), value)) return [];
    return [invalid(`metadata.${name}`, value ?? null, "field is immutable")];
  });
  return [...changed, ...newFinalizerErrors(before, after)];
}

function newFinalizerErrors(before: JsonObject, after: JsonObject): readonly FieldError[] {
  if (at(before, "metadata", "deletionTimestamp") === undefined) return [];
  const [old, all] = [before, after].map((object) => listAt(at(object, "metadata"), "finalizers"));
  const more = [...new Set(all)].filter((each) => !old?.includes(each)).map((each) => JSON.stringify(each));
  if (more.length === 0) return [];
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${more.join(", ")}}`;
  return [forbidden("metadata.finalizers", detail)];
}

function entriesOf(map: JsonValue | undefined): readonly [string, JsonValue][] {
  return isObject(map) ? Object.entries(map) : [];
}
