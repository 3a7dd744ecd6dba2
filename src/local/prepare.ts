import { at, isObject, isSame, type JsonObject, textAt } from "./json.ts";
import { metadataOf, withMetadata } from "./objects.ts";
import { podLabels, selectorLabels } from "./schema/job-selector.ts";
import type { ServedResource } from "./served.ts";

type Change = (object: JsonObject) => JsonObject;

/** What Kubernetes makes of a new object of a kind, before it is looked at: its status is not the client's to say. */
const newOnes: Readonly<Record<string, Change>> = {
  Namespace: (object) => ({ ...object, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } }),
  PersistentVolumeClaim: (object) => ({ ...object, status: { phase: "Pending" } }),
  PersistentVolume: (object) => ({ ...object, status: { phase: "Pending" } }),
  Pod: (object) => ({ ...object, status: { phase: "Pending", qosClass: qosClass(object) } }),
  Job: withSelector,
  // kubelets bring theirs
  Node: (object) => object,
  Secret: withData,
  Service: (object) => ({ ...object, status: { loadBalancer: {} } }),
};

/** Of the built-in kinds these count their generations. */
const counted: ReadonlySet<string> = new Set(["Job", "CronJob", "Pod"]);

export function prepareNew(resource: ServedResource, object: JsonObject): JsonObject {
  const { kind, isOurs, subresources } = resource;
  const { status: _, ...rest } = object;
  const hasStatus = subresources.includes("status");
  const fresh: JsonObject = hasStatus && kind !== "Node" ? (isOurs ? rest : { ...rest, status: {} }) : object;
  const prepared = isOurs ? fresh : (newOnes[kind]?.(fresh) ?? fresh);
  return isOurs || counted.has(kind) ? withMetadata(prepared, { generation: 1 }) : prepared;
}

/** What a write of the object itself makes of it: the status stays, where it has a place of its own. */
export function prepareChanged(resource: ServedResource, before: JsonObject, given: JsonObject): JsonObject {
  const { status: _, ...rest } = given;
  const hasStatus = resource.subresources.includes("status");
  const status = before["status"];
  const kept = hasStatus ? (status === undefined ? rest : { ...rest, status }) : given;
  return resource.kind === "Secret" && !resource.isOurs ? withData(kept) : kept;
}

/** What a write of the status makes of the object. */
export function prepareStatus(before: JsonObject, given: JsonObject): JsonObject {
  const { status: _, ...rest } = before;
  // who writes a pod's status does not say how it is to be evicted
  const qos = before["kind"] === "Pod" ? at(before, "status", "qosClass") : undefined;
  const status = qos === undefined ? given["status"] : { ...objectIn(given, "status"), qosClass: qos };
  return status === undefined ? rest : { ...rest, status };
}

/** The generation counts what was asked for: not the metadata, and not the status. */
export function withGeneration(resource: ServedResource, before: JsonObject, after: JsonObject): JsonObject {
  const old = metadataOf(before)["generation"];
  if (!(resource.isOurs || counted.has(resource.kind)) || typeof old !== "number") return after;
  const isChanged = resource.isOurs
    ? !isSame(asked(resource, before), asked(resource, after))
    : !isSame(at(before, "spec"), at(after, "spec"));
  return withMetadata(after, { generation: isChanged ? old + 1 : old });
}

function asked({ subresources }: ServedResource, { metadata: _, status, ...rest }: JsonObject): JsonObject {
  return subresources.includes("status") || status === undefined ? rest : { ...rest, status };
}

function withData(secret: JsonObject): JsonObject {
  const { stringData, ...rest } = secret;
  const type = textAt(secret, "type") || "Opaque";
  if (!isObject(stringData)) return { ...rest, type };
  const encoded = Object.entries(stringData).map(([name, value]) => [
    name,
    Buffer.from(String(value)).toString("base64"),
  ]);
  const data = at(rest, "data");
  return { ...rest, type, data: { ...(isObject(data) ? data : {}), ...Object.fromEntries(encoded) } };
}

/** A Job finds its pods by labels that only it has. What a client gives stays, to be refused where it is wrong. */
function withSelector(job: JsonObject): JsonObject {
  const spec = at(job, "spec");
  if (!isObject(spec) || spec["manualSelector"] === true) return job;
  const template = objectIn(spec, "template");
  const metadata = metadataOf(template);
  const labels = { ...podLabels(job), ...objectIn(metadata, "labels") };
  const given = objectIn(spec, "selector");
  const matchLabels = { ...selectorLabels(textAt(job, "metadata", "uid")), ...objectIn(given, "matchLabels") };
  const selector = { ...given, matchLabels };
  return { ...job, spec: { ...spec, selector, template: { ...template, metadata: { ...metadata, labels } } } };
}

function objectIn(holder: JsonObject, name: string): JsonObject {
  const found = holder[name];
  return isObject(found) ? found : {};
}

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
function qosClass(pod: JsonObject): string {
  const lists = [at(pod, "spec", "containers"), at(pod, "spec", "initContainers")];
  const resources = lists.flatMap((list) => (Array.isArray(list) ? list : [])).map((one) => at(one, "resources"));
  const amounts = (one: unknown, kind: string) => {
    const found = isObject(one as JsonObject) ? at(one as JsonObject, kind) : undefined;
    return isObject(found) ? found : {};
  };
  const isEffort = resources.every((one) =>
    ["limits", "requests"].every((kind) => Object.keys(amounts(one, kind)).length === 0),
  );
  if (isEffort) return "BestEffort";
  const isGuaranteed = resources.every((one) =>
    ["cpu", "memory"].every((name) => {
      const limit = amounts(one, "limits")[name];
      return limit !== undefined && (amounts(one, "requests")[name] ?? limit) === limit;
    }),
  );
  return isGuaranteed ? "Guaranteed" : "Burstable";
}
