import { at, type JsonValue, listAt, textAt } from "../json.ts";
import { between, oneOf } from "./checks.ts";
import { duplicate, type FieldError, invalid, notFound, required } from "./field-error.ts";
import { annotationErrors, labelErrors } from "./metadata.ts";
import { containerErrors } from "./validate-container.ts";
import { subPathErrors, volumeErrors } from "./validate-volume.ts";

export function templateErrors(template: JsonValue | undefined, path: string): readonly FieldError[] {
  const metadata = at(template, "metadata");
  return [
    ...labelErrors(at(metadata, "labels"), `${path}.labels`),
    ...annotationErrors(at(metadata, "annotations"), `${path}.annotations`),
    ...podSpecErrors(at(template, "spec"), `${path}.spec`),
  ];
}

const restartPolicies = ["Always", "OnFailure", "Never"];
const dnsPolicies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

export function podSpecErrors(spec: JsonValue | undefined, path: string): readonly FieldError[] {
  const volumes = listAt(spec, "volumes");
  return [
    ...volumesErrors(volumes, `${path}.volumes`),
    ...containersErrors(spec, path, volumes),
    ...oneOf(spec, path, ["restartPolicy", restartPolicies]),
    ...oneOf(spec, path, ["dnsPolicy", dnsPolicies]),
    ...between(at(spec, "activeDeadlineSeconds"), `${path}.activeDeadlineSeconds`, [1, 2 ** 31 - 1]),
    ...labelErrors(at(spec, "nodeSelector"), `${path}.nodeSelector`),
    ...listAt(spec, "tolerations").flatMap((each, index) => tolerationErrors(each, `${path}.tolerations[${index}]`)),
  ];
}

function containersErrors(spec: JsonValue | undefined, path: string, volumes: readonly JsonValue[]) {
  const containers = listAt(spec, "containers");
  const initial = listAt(spec, "initContainers");
  const all = [
    ...containers.map((one, index) => [one, `${path}.containers[${index}]`] as const),
    ...initial.map((one, index) => [one, `${path}.initContainers[${index}]`] as const),
  ];
  const names = volumes.map((volume) => textAt(volume, "name"));
  return [
    ...(containers.length === 0 ? [required(`${path}.containers`)] : []),
    ...all.flatMap(([one, place]) => [...containerErrors(one, place), ...mountErrors(one, place, names)]),
    ...duplicates(all),
  ];
}

/** Names that stand before in the list: `items` with their paths. */
function duplicates(items: readonly (readonly [JsonValue, string])[]): readonly FieldError[] {
  const names = items.map(([one]) => textAt(one, "name"));
  return items.flatMap(([, path], index) => {
    const name = names[index] ?? "";
    return name !== "" && names.indexOf(name) < index ? [duplicate(`${path}.name`, name)] : [];
  });
}

function mountErrors(container: JsonValue, path: string, volumes: readonly string[]): readonly FieldError[] {
  const mounts = listAt(container, "volumeMounts");
  const paths = mounts.map((mount) => textAt(mount, "mountPath"));
  return mounts.flatMap((mount, index) => {
    const place = `${path}.volumeMounts[${index}]`;
    const name = textAt(mount, "name");
    const mountPath = paths[index] ?? "";
    return [
      ...(name === "" ? [required(`${place}.name`)] : []),
      ...(volumes.includes(name) ? [] : [notFound(`${place}.name`, name)]),
      ...(mountPath === "" ? [required(`${place}.mountPath`)] : []),
      ...(mountPath !== "" && paths.indexOf(mountPath) < index
        ? [invalid(`${place}.mountPath`, mountPath, "must be unique")]
        : []),
      ...subPathErrors(mount, `${path}.volumeMounts`, index),
    ];
  });
}

function volumesErrors(volumes: readonly JsonValue[], path: string): readonly FieldError[] {
  const placed = volumes.map((volume, index) => [volume, `${path}[${index}]`] as const);
  return [...placed.flatMap(([volume, place]) => volumeErrors(volume, place)), ...duplicates(placed)];
}

function tolerationErrors(toleration: JsonValue, path: string): readonly FieldError[] {
  if (textAt(toleration, "key") !== "" || textAt(toleration, "operator") === "Exists") return [];
  const operator = textAt(toleration, "operator");
  const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
  return [invalid(`${path}.operator`, operator, detail)];
}
