import { at, isObject, isSame, type JsonObject, type JsonValue, listAt } from "../json.ts";
import { type FieldError, forbidden, invalid } from "./field-error.ts";

type Change = (before: JsonObject, after: JsonObject) => readonly FieldError[];

/** What may not change once it is there. */
const changes: Readonly<Record<string, Change>> = {
  ClusterRoleBinding: roleRefErrors,
  ConfigMap: (before, after) => sealedErrors(before, after, ["data", "binaryData"]),
  Job: jobChangeErrors,
  PersistentVolumeClaim: claimChangeErrors,
  Pod: podChangeErrors,
  RoleBinding: roleRefErrors,
  Secret: (before, after) => [...immutable(before, after, "type"), ...sealedErrors(before, after, ["data"])],
  StorageClass: storageClassErrors,
};

export function changeErrors(kind: string, before: JsonObject, after: JsonObject): readonly FieldError[] {
  return changes[kind]?.(before, after) ?? [];
}

function immutable(before: JsonObject, after: JsonObject, path: string): readonly FieldError[] {
  const names = path.split(".");
  const value = at(after, ...names);
  return isSame(at(before, ...names), value) ? [] : [invalid(path, value ?? null, "field is immutable")];
}

function roleRefErrors(before: JsonObject, after: JsonObject): readonly FieldError[] {
  const role = at(after, "roleRef");
  return isSame(at(before, "roleRef"), role) ? [] : [invalid("roleRef", role ?? null, "cannot change roleRef")];
}

/** Of a ConfigMap or Secret that says that it is immutable. */
function sealedErrors(before: JsonObject, after: JsonObject, names: readonly string[]): readonly FieldError[] {
  if (at(before, "immutable") !== true) return [];
  const changed = names.filter((name) => !isSame(at(before, name), at(after, name)));
  const all = [...(at(after, "immutable") === true ? [] : ["immutable"]), ...changed];
  return all.map((name) => forbidden(name, "field is immutable when `immutable` is set"));
}

/** Of a suspended Job that has not started, where its pods may run can still change. */
const scheduling = ["nodeSelector", "tolerations", "schedulingGates"];

function jobChangeErrors(before: JsonObject, after: JsonObject): readonly FieldError[] {
  const fields = [
    "selector",
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "successPolicy",
  ];
  const isOpen = at(before, "spec", "suspend") === true && at(before, "status", "startTime") === undefined;
  const [old, template] = [before, after].map((job) => fixedTemplate(at(job, "spec", "template"), isOpen));
  return [
    ...completionErrors(before, after),
    ...(isSame(old, template)
      ? []
      : [invalid("spec.template", at(after, "spec", "template") ?? null, "field is immutable")]),
    ...fields.flatMap((name) => immutable(before, after, `spec.${name}`)),
  ];
}

function fixedTemplate(template: JsonValue | undefined, isOpen: boolean): JsonValue | undefined {
  const spec = at(template, "spec");
  if (!isOpen || !isObject(template) || !isObject(spec)) return template;
  const metadata = at(template, "metadata");
  return {
    ...template,
    metadata: withoutFields(metadata, ["labels", "annotations"]),
    spec: { ...withoutFields(spec, ["affinity", ...scheduling]), affinity: fixedAffinity(spec) },
  };
}

/** Near which pods it runs stays. */
function fixedAffinity(spec: JsonObject): JsonObject {
  return withoutFields(spec["affinity"], ["nodeAffinity"]);
}

function withoutFields(object: JsonValue | undefined, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(isObject(object) ? object : {}).filter(([name]) => !names.includes(name)));
}

/** An Indexed Job can be made longer or shorter together with its parallelism. */
function completionErrors(before: JsonObject, after: JsonObject): readonly FieldError[] {
  const field = "spec.completions";
  if (at(after, "spec", "completionMode") !== "Indexed") return immutable(before, after, field);
  const completions = at(after, "spec", "completions");
  const isFree = completions === undefined || isSame(completions, at(after, "spec", "parallelism"));
  if (isFree || isSame(at(before, "spec", "completions"), completions)) return [];
  return [invalid(field, completions, "can only be modified in tandem with spec.parallelism")];
}

const podFields =
  "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

function podChangeErrors(before: JsonObject, after: JsonObject): readonly FieldError[] {
  const counts = ["containers", "initContainers"].filter(
    (name) => listAt(before, "spec", name).length !== listAt(after, "spec", name).length,
  );
  if (counts.length > 0) {
    return counts.map((name) => forbidden(`spec.${name}`, "pod updates may not add or remove containers"));
  }
  if (isSame(fixedPod(at(before, "spec")), fixedPod(at(after, "spec")))) return [];
  return [forbidden("spec", `pod updates may not change fields other than ${podFields}`)];
}

function fixedPod(spec: JsonValue | undefined): JsonObject {
  const images = (name: string) => listAt(spec, name).map((each) => withoutFields(each, ["image"]));
  return {
    ...withoutFields(spec, ["activeDeadlineSeconds", "tolerations"]),
    containers: images("containers"),
    initContainers: images("initContainers"),
  };
}

/** A claim that is not bound yet can be given its volume and its class. */
function claimChangeErrors(before: JsonObject, after: JsonObject): readonly FieldError[] {
  const isBound = at(before, "status", "phase") === "Bound";
  const open = [
    ...(isBound ? ["resources", "volumeAttributesClassName"] : []),
    ...["volumeName", "storageClassName"].filter((name) => at(before, "spec", name) === undefined),
  ];
  if (isSame(withoutFields(at(before, "spec"), open), withoutFields(at(after, "spec"), open))) return [];
  const detail =
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
  return [forbidden("spec", detail)];
}

function storageClassErrors(before: JsonObject, after: JsonObject): readonly FieldError[] {
  return ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"]
    .filter((name) => !isSame(at(before, name), at(after, name)))
    .map((name) => forbidden(name, `updates to ${name} are forbidden.`));
}
