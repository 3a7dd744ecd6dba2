import { at, type JsonObject, listAt, textAt } from "./json.ts";
import { finalizersOf, isGoing, type ObjectAt, type Objects, withMetadata } from "./objects.ts";
import { type ServedResource, servedAt } from "./served.ts";
import { forbidden, notFound } from "./status.ts";

/** What Kubernetes' admission asks of and adds to a new object. */
export function admitNew(objects: Objects, target: ObjectAt, object: JsonObject): JsonObject {
  if (target.namespace !== "") checkNamespace(objects, target);
  if (target.resource.kind === "Pod") return withAccount(objects, target, object);
  return target.resource.group === "" ? withProtection(object, protection[target.resource.kind]) : object;
}

/** What is used by pods, or by a claim, goes when it no longer is: whoever watches over that takes these away. */
const protection: Readonly<Record<string, string>> = {
  PersistentVolumeClaim: "kubernetes.io/pvc-protection",
  PersistentVolume: "kubernetes.io/pv-protection",
};

function withProtection(object: JsonObject, finalizer: string | undefined): JsonObject {
  const finalizers = finalizersOf(object);
  if (finalizer === undefined || finalizers.includes(finalizer)) return object;
  return withMetadata(object, { finalizers: [...finalizers, finalizer] });
}

const namespaces = coreResource("namespaces");

function checkNamespace({ store }: Objects, { resource, namespace, name }: ObjectAt): void {
  const entry = store.get({ resource: "namespaces", namespace: "", name: namespace });
  if (entry === undefined) throw notFound(namespaces, namespace);
  if (isGoing(entry.parse())) {
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const message = `namespace ${namespace} is being terminated`;
    throw forbidden(resource, name, why, [{ reason: "NamespaceTerminating", message, field: "metadata.namespace" }]);
  }
}

/** Every pod runs as somebody. */
function withAccount({ store }: Objects, { resource, namespace, name }: ObjectAt, pod: JsonObject): JsonObject {
  const account = textAt(pod, "spec", "serviceAccountName") || "default";
  const entry = store.get({ resource: "serviceaccounts", namespace, name: account });
  if (entry === undefined) {
    const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`;
    throw forbidden(resource, name, why);
  }
  const secrets = listAt(entry.parse(), "imagePullSecrets");
  const spec = at(pod, "spec");
  const pull = listAt(spec, "imagePullSecrets").length === 0 && secrets.length > 0 ? { imagePullSecrets: secrets } : {};
  return {
    ...pod,
    spec: { ...(typeof spec === "object" ? spec : {}), serviceAccountName: account, serviceAccount: account, ...pull },
  };
}

export function coreResource(plural: string): ServedResource {
  const found = servedAt("", "v1", plural);
  if (found === undefined) throw new TypeError(`${plural} are not served`);
  return found;
}
