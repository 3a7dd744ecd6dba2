import { ageColumn, type Column, column, nameColumn, textColumn, wide } from "./columns.ts";
import { age } from "./columns-age.ts";
import { at, isObject, type JsonObject, type JsonValue, listAt, textAt } from "./json.ts";

function size(value: JsonValue | undefined): number {
  return isObject(value) ? Object.keys(value).length : 0;
}

/** A text, or what stands where there is none. */
function textOr(name: string, none: string, ...path: readonly string[]): Column {
  return column(name, (object) => textAt(object, ...path) || none);
}

export const configMapColumns: readonly Column[] = [
  nameColumn,
  column("Data", (map) => size(at(map, "data")) + size(at(map, "binaryData"))),
  ageColumn,
];

export const secretColumns: readonly Column[] = [
  nameColumn,
  textColumn("Type", "type"),
  column("Data", (secret) => size(at(secret, "data"))),
  ageColumn,
];

export const namespaceColumns: readonly Column[] = [nameColumn, textColumn("Status", "status", "phase"), ageColumn];

export const eventColumns: readonly Column[] = [
  column("Last Seen", (event, now) => {
    const series = at(event, "series");
    if (series !== undefined) return age(at(series, "lastObservedTime"), now);
    return age(at(event, "lastTimestamp") ?? firstSeen(event), now);
  }),
  textColumn("Type", "type"),
  textColumn("Reason", "reason"),
  column("Object", (event) => {
    const kind = textAt(event, "involvedObject", "kind").toLowerCase();
    const name = textAt(event, "involvedObject", "name");
    return name === "" ? kind : `${kind}/${name}`;
  }),
  wide("Subobject", (event) => textAt(event, "involvedObject", "fieldPath")),
  wide("Source", (event) => {
    const component = textAt(event, "source", "component") || textAt(event, "reportingComponent");
    const instance = textAt(event, "source", "host") || textAt(event, "reportingInstance");
    return instance === "" ? component : `${component}, ${instance}`;
  }),
  column("Message", (event) => textAt(event, "message").trim()),
  wide("First Seen", (event, now) => age(firstSeen(event), now)),
  wide("Count", (event) => {
    const series = at(event, "series");
    return series === undefined ? at(event, "count") || 1 : (at(series, "count") ?? 0);
  }),
  { ...nameColumn, priority: 1 },
];

function firstSeen(event: JsonObject): JsonValue | undefined {
  return at(event, "firstTimestamp") ?? at(event, "eventTime");
}

const modeTexts = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
] as const;

function modes(list: readonly JsonValue[]): string {
  return modeTexts
    .filter(([mode]) => list.includes(mode))
    .map(([, text]) => text)
    .join(",");
}

/** Deletion shows before the phase. */
const volumePhase = column("Status", (object) =>
  at(object, "metadata", "deletionTimestamp") === undefined ? textAt(object, "status", "phase") : "Terminating",
);
const volumeAttributes = textOr("VolumeAttributesClass", "<unset>", "spec", "volumeAttributesClassName");
const volumeMode: Column = { ...textOr("VolumeMode", "<unset>", "spec", "volumeMode"), priority: 1 };
const storageClass = column(
  "StorageClass",
  (object) =>
    textAt(object, "metadata", "annotations", "volume.beta.kubernetes.io/storage-class") ||
    textAt(object, "spec", "storageClassName"),
);

export const claimColumns: readonly Column[] = [
  nameColumn,
  volumePhase,
  textColumn("Volume", "spec", "volumeName"),
  column("Capacity", (claim) => (isBound(claim) ? amount(at(claim, "status", "capacity", "storage")) : "")),
  column("Access Modes", (claim) => (isBound(claim) ? modes(listAt(claim, "status", "accessModes")) : "")),
  ...[storageClass, volumeAttributes, ageColumn, volumeMode],
];

function isBound(claim: JsonObject): boolean {
  return textAt(claim, "spec", "volumeName") !== "";
}

function amount(quantity: JsonValue | undefined): string {
  return String(quantity ?? 0);
}

export const volumeColumns: readonly Column[] = [
  nameColumn,
  column("Capacity", (volume) => amount(at(volume, "spec", "capacity", "storage"))),
  column("Access Modes", (volume) => modes(listAt(volume, "spec", "accessModes"))),
  textColumn("Reclaim Policy", "spec", "persistentVolumeReclaimPolicy"),
  volumePhase,
  column("Claim", (volume) => {
    const claim = at(volume, "spec", "claimRef");
    return claim === undefined ? "" : `${textAt(claim, "namespace")}/${textAt(claim, "name")}`;
  }),
  ...[storageClass, volumeAttributes, textColumn("Reason", "status", "reason"), ageColumn, volumeMode],
];

const roleLabel = "node-role.kubernetes.io/";

export const nodeColumns: readonly Column[] = [
  nameColumn,
  column("Status", (node) => {
    const ready = listAt(node, "status", "conditions").find((each) => textAt(each, "type") === "Ready");
    const state = ready === undefined ? "Unknown" : textAt(ready, "status") === "True" ? "Ready" : "NotReady";
    return at(node, "spec", "unschedulable") === true ? `${state},SchedulingDisabled` : state;
  }),
  column("Roles", nodeRoles),
  ageColumn,
  textColumn("Version", "status", "nodeInfo", "kubeletVersion"),
  wide("Internal-IP", (node) => addressOf(node, "InternalIP")),
  wide("External-IP", (node) => addressOf(node, "ExternalIP")),
  { ...textOr("OS-Image", "<unknown>", "status", "nodeInfo", "osImage"), priority: 1 },
  { ...textOr("Kernel-Version", "<unknown>", "status", "nodeInfo", "kernelVersion"), priority: 1 },
  { ...textOr("Container-Runtime", "<unknown>", "status", "nodeInfo", "containerRuntimeVersion"), priority: 1 },
];

function nodeRoles(node: JsonObject): string {
  const labels = at(node, "metadata", "labels");
  const found = Object.entries(isObject(labels) ? labels : {}).flatMap(([key, value]) => {
    if (key.startsWith(roleLabel)) return [key.slice(roleLabel.length)];
    return key === "kubernetes.io/role" ? [String(value)] : [];
  });
  const roles = [...new Set(found)].filter((role) => role !== "").sort();
  return roles.join(",") || "<none>";
}

function addressOf(node: JsonObject, type: string): string {
  const found = listAt(node, "status", "addresses").find((each) => textAt(each, "type") === type);
  return textAt(found, "address") || "<none>";
}
