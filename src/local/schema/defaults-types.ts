import { at, isObject, type JsonObject, type JsonValue, listAt, textAt } from "../json.ts";

type Change = (object: JsonObject) => JsonObject;

/** What Kubernetes fills in by type (its SetDefaults functions), for what our kinds are made of. */
export const typeDefaults: Readonly<Record<string, Change>> = {
  "io.k8s.api.batch.v1.CronJobSpec": fill({
    ...{ concurrencyPolicy: "Allow", suspend: false },
    ...{ successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
  }),
  "io.k8s.api.batch.v1.Job": jobDefaults,
  "io.k8s.api.core.v1.ConfigMapVolumeSource": fill({ defaultMode: 0o644 }),
  "io.k8s.api.core.v1.Container": containerDefaults,
  "io.k8s.api.core.v1.DownwardAPIVolumeSource": fill({ defaultMode: 0o644 }),
  "io.k8s.api.core.v1.HTTPGetAction": fill({ path: "/", scheme: "HTTP" }),
  "io.k8s.api.core.v1.HostPathVolumeSource": fill({ type: "" }),
  "io.k8s.api.core.v1.Namespace": namespaceDefaults,
  "io.k8s.api.core.v1.ObjectFieldSelector": fill({ apiVersion: "v1" }),
  "io.k8s.api.core.v1.PersistentVolumeClaimSpec": fill({ volumeMode: "Filesystem" }),
  "io.k8s.api.core.v1.PersistentVolumeSpec": fill({
    ...{ persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem" },
  }),
  "io.k8s.api.core.v1.Pod": podDefaults,
  "io.k8s.api.core.v1.PodSpec": fill({
    ...{ dnsPolicy: "ClusterFirst", restartPolicy: "Always", securityContext: {} },
    ...{ terminationGracePeriodSeconds: 30, schedulerName: "default-scheduler" },
  }),
  "io.k8s.api.core.v1.Probe": fill({ timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }),
  "io.k8s.api.core.v1.ProjectedVolumeSource": fill({ defaultMode: 0o644 }),
  "io.k8s.api.core.v1.Secret": fill({ type: "Opaque" }),
  "io.k8s.api.core.v1.SecretVolumeSource": fill({ defaultMode: 0o644 }),
  "io.k8s.api.core.v1.ServiceAccountTokenProjection": fill({ expirationSeconds: 3600 }),
  "io.k8s.api.core.v1.ServicePort": (port) => fill({ protocol: "TCP", targetPort: port["port"] ?? 0 })(port),
  "io.k8s.api.core.v1.ServiceSpec": fill({
    ...{ type: "ClusterIP", sessionAffinity: "None", internalTrafficPolicy: "Cluster" },
  }),
  "io.k8s.api.core.v1.Volume": (volume) => (Object.keys(volume).length > 1 ? volume : { ...volume, emptyDir: {} }),
  "io.k8s.api.rbac.v1.RoleRef": fill({ apiGroup: "rbac.authorization.k8s.io" }),
  "io.k8s.api.rbac.v1.Subject": (subject) => (textAt(subject, "kind") === "ServiceAccount" ? subject : inRbac(subject)),
  "io.k8s.api.storage.v1.StorageClass": fill({ reclaimPolicy: "Delete", volumeBindingMode: "Immediate" }),
};

const inRbac = fill({ apiGroup: "rbac.authorization.k8s.io" });

/** Empty texts count as not given. */
function fill(defaults: JsonObject): Change {
  return (object) => {
    const missing = Object.entries(defaults).filter(([name]) => (object[name] ?? "") === "");
    return { ...object, ...Object.fromEntries(missing) };
  };
}

function containerDefaults(container: JsonObject): JsonObject {
  return fill({
    ...{ terminationMessagePath: "/dev/termination-log", terminationMessagePolicy: "File" },
    imagePullPolicy: isLatest(textAt(container, "image")) ? "Always" : "IfNotPresent",
  })(container);
}

/** An image without a tag is the latest. */
function isLatest(image: string): boolean {
  const [name = "", digest] = image.split("@");
  const tag = /:([^:/]+)$/.exec(name)?.[1];
  return tag === undefined ? digest === undefined : tag === "latest";
}

function podDefaults(pod: JsonObject): JsonObject {
  const spec = at(pod, "spec");
  if (!isObject(spec)) return pod;
  const lists = ["containers", "initContainers"].filter((name) => Object.hasOwn(spec, name));
  const changed = lists.map((name) => [name, listAt(spec, name).map((each) => requesting(each, spec))] as const);
  return { ...pod, spec: { enableServiceLinks: true, ...spec, ...Object.fromEntries(changed) } };
}

/** Of a pod, not of a template: what is limited is requested, and with the host's network ports are the host's. */
function requesting(container: JsonValue, spec: JsonObject): JsonValue {
  if (!isObject(container)) return container;
  const limits = at(container, "resources", "limits");
  const requests = at(container, "resources", "requests");
  const resources = isObject(limits)
    ? { ...asObject(container["resources"]), requests: { ...limits, ...asObject(requests) } }
    : container["resources"];
  const ports = listAt(container, "ports").map((port) => {
    const number = at(port, "containerPort") ?? 0;
    return isObject(port) && spec["hostNetwork"] === true ? { hostPort: number, ...port } : port;
  });
  return {
    ...container,
    ...(resources === undefined ? {} : { resources }),
    ...(ports.length === 0 ? {} : { ports }),
  };
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function jobDefaults(job: JsonObject): JsonObject {
  const spec = asObject(job["spec"]);
  const isAlone = spec["completions"] === undefined && spec["parallelism"] === undefined;
  const policy = spec["podFailurePolicy"] === undefined ? "TerminatingOrFailed" : "Failed";
  const labels = at(spec, "template", "metadata", "labels");
  const metadata = asObject(job["metadata"]);
  const hasLabels = Object.keys(asObject(metadata["labels"])).length > 0;
  return {
    ...job,
    metadata: hasLabels || labels === undefined ? metadata : { ...metadata, labels },
    spec: {
      ...{ parallelism: 1, ...(isAlone ? { completions: 1 } : {}) },
      ...{ backoffLimit: spec["backoffLimitPerIndex"] === undefined ? 6 : 2 ** 31 - 1 },
      ...{ completionMode: "NonIndexed", suspend: false, podReplacementPolicy: policy, manualSelector: false },
      ...spec,
    },
  };
}

function namespaceDefaults(namespace: JsonObject): JsonObject {
  const metadata = asObject(namespace["metadata"]);
  const name = textAt(metadata, "name");
  if (name === "") return namespace;
  const labels = { ...asObject(metadata["labels"]), "kubernetes.io/metadata.name": name };
  return { ...namespace, metadata: { ...metadata, labels } };
}
