import { at, type JsonObject, listAt, textAt } from "../json.ts";
import { between, entriesAt, oneOf, ports } from "./checks.ts";
import { type FieldError, invalid, required, tooLong, unsupported } from "./field-error.ts";
import { configKeyMistakes } from "./names.ts";
import { compareQuantities } from "./quantity.ts";

/** Of all values together. */
const mostDataBytes = 1024 * 1024;

/** Keys that a type of Secret must have. */
const secretKeys: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/basic-auth": [],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};
const accountName = "kubernetes.io/service-account.name";

export function secretErrors(secret: JsonObject): readonly FieldError[] {
  const data = entriesAt(secret, "data");
  const bytes = data.reduce((sum, [, value]) => sum + Buffer.byteLength(String(value), "base64"), 0);
  return [
    ...data.flatMap(([key]) => configKeyMistakes(key).map((each) => invalid(`data[${key}]`, key, each))),
    ...(bytes > mostDataBytes ? [tooLong("data", mostDataBytes)] : []),
    ...typeErrors(secret),
  ];
}

function typeErrors(secret: JsonObject): readonly FieldError[] {
  const type = textAt(secret, "type");
  const lacks = (key: string) => at(secret, "data", key) === undefined;
  if (type === "kubernetes.io/basic-auth" && lacks("username") && lacks("password")) {
    return [required("data[username]"), required("data[password]")];
  }
  const isOfAccount = type === "kubernetes.io/service-account-token";
  if (isOfAccount && textAt(secret, "metadata", "annotations", accountName) === "") {
    return [required(`metadata.annotations[${accountName}]`)];
  }
  const keys = secretKeys[type] ?? [];
  return keys.flatMap((key) => (lacks(key) ? [required(`data[${key}]`)] : dockerErrors(secret, key)));
}

function dockerErrors(secret: JsonObject, key: string): readonly FieldError[] {
  if (!key.startsWith(".docker")) return [];
  try {
    JSON.parse(Buffer.from(textAt(secret, "data", key), "base64").toString("utf8"));
    return [];
  } catch {
    return [invalid(`data[${key}]`, "<secret contents redacted>", "it is no JSON")];
  }
}

export function configMapErrors(map: JsonObject): readonly FieldError[] {
  const [data, binary] = [entriesAt(map, "data"), entriesAt(map, "binaryData")];
  const bytes =
    data.reduce((sum, [, value]) => sum + Buffer.byteLength(String(value)), 0) +
    binary.reduce((sum, [, value]) => sum + Buffer.byteLength(String(value), "base64"), 0);
  return [
    ...data.flatMap(([key]) => [
      ...configKeyMistakes(key).map((each) => invalid(`data[${key}]`, key, each)),
      ...(at(map, "binaryData", key) === undefined
        ? []
        : [invalid(`data[${key}]`, key, "duplicate of key present in binaryData")]),
    ]),
    ...binary.flatMap(([key]) => configKeyMistakes(key).map((each) => invalid(`binaryData[${key}]`, key, each))),
    ...(bytes > mostDataBytes ? [tooLong("[]", mostDataBytes)] : []),
  ];
}

const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

function modeErrors(object: JsonObject, detail = ""): readonly FieldError[] {
  const modes = listAt(object, "spec", "accessModes").map(String);
  if (modes.length === 0) return [required("spec.accessModes", detail)];
  return modes.flatMap((mode) =>
    accessModes.includes(mode) ? [] : [unsupported("spec.accessModes", mode, accessModes)],
  );
}

export function claimErrors(claim: JsonObject): readonly FieldError[] {
  const storage = at(claim, "spec", "resources", "requests", "storage");
  const field = "spec.resources[storage]";
  const isTooSmall = storage !== undefined && compareQuantities(String(storage), "0") <= 0;
  return [
    ...modeErrors(claim, "at least 1 access mode is required"),
    ...(storage === undefined ? [required(field)] : []),
    ...(isTooSmall ? [invalid(field, storage, "must be greater than zero")] : []),
  ];
}

/** Fields of a volume's spec that are no source. */
const volumeSettings = [
  ...["accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy"],
  ...["storageClassName", "volumeAttributesClassName", "volumeMode"],
];

export function volumeErrors(volume: JsonObject): readonly FieldError[] {
  const capacity = at(volume, "spec", "capacity");
  const hasSource = entriesAt(volume, "spec").some(([name]) => !volumeSettings.includes(name));
  return [
    ...modeErrors(volume),
    ...(capacity === undefined ? [required("spec.capacity")] : []),
    ...(at(capacity, "storage") === undefined ? [unsupported("spec.capacity", capacity ?? null, ["storage"])] : []),
    ...(hasSource ? [] : [required("spec", "must specify a volume type")]),
  ];
}

const serviceTypes = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

export function serviceErrors(service: JsonObject): readonly FieldError[] {
  const spec = at(service, "spec");
  const list = listAt(spec, "ports");
  const needsPorts = textAt(spec, "clusterIP") !== "None" && textAt(spec, "type") !== "ExternalName";
  return [
    ...(needsPorts && list.length === 0 ? [required("spec.ports")] : []),
    ...list.flatMap((port, index) => [
      ...between(at(port, "port") ?? 0, `spec.ports[${index}].port`, ports),
      ...between(at(port, "targetPort"), `spec.ports[${index}].targetPort`, ports),
      ...(list.length > 1 && textAt(port, "name") === "" ? [required(`spec.ports[${index}].name`)] : []),
    ]),
    ...oneOf(spec, "spec", ["type", serviceTypes]),
  ];
}

export function endpointsErrors(endpoints: JsonObject): readonly FieldError[] {
  return listAt(endpoints, "subsets").flatMap((subset, index) => {
    const addresses = [...listAt(subset, "addresses"), ...listAt(subset, "notReadyAddresses")];
    const detail = "must specify `addresses` or `notReadyAddresses`";
    return [
      ...(addresses.length === 0 ? [required(`subsets[${index}]`, detail)] : []),
      ...listAt(subset, "ports").flatMap((port, place) =>
        between(at(port, "port") ?? 0, `subsets[${index}].ports[${place}].port`, ports),
      ),
    ];
  });
}

export function eventErrors(event: JsonObject): readonly FieldError[] {
  const namespace = textAt(event, "involvedObject", "namespace");
  const own = textAt(event, "metadata", "namespace");
  // what lies in no namespace has its events in this one
  if (namespace === own || (namespace === "" && own === "default")) return [];
  return [invalid("involvedObject.namespace", namespace, "does not match event.namespace")];
}

export function leaseErrors(lease: JsonObject): readonly FieldError[] {
  const seconds = at(lease, "spec", "leaseDurationSeconds");
  if (typeof seconds !== "number" || seconds > 0) return [];
  return [invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")];
}

export function storageClassErrors(one: JsonObject): readonly FieldError[] {
  return textAt(one, "provisioner") === "" ? [required("provisioner")] : [];
}
