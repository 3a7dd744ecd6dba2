import { at, type JsonValue, listAt, textAt } from "../json.ts";
import { between, entriesAt, named, oneOf, ports } from "./checks.ts";
import { type FieldError, invalid, required } from "./field-error.ts";
import { labelMistakes } from "./names.ts";
import { compareQuantities } from "./quantity.ts";

const pullPolicies = ["Always", "IfNotPresent", "Never"];
const protocols = ["SCTP", "TCP", "UDP"];

export function containerErrors(container: JsonValue, path: string): readonly FieldError[] {
  return [
    ...named(container, path, labelMistakes),
    ...imageErrors(textAt(container, "image"), `${path}.image`),
    ...oneOf(container, path, ["imagePullPolicy", pullPolicies]),
    ...listAt(container, "env").flatMap((each, index) => variableErrors(each, `${path}.env[${index}]`)),
    ...listAt(container, "ports").flatMap((each, index) => portErrors(each, `${path}.ports[${index}]`)),
    ...resourceErrors(at(container, "resources"), `${path}.resources`),
    ...["livenessProbe", "readinessProbe", "startupProbe"].flatMap((name) =>
      probeErrors(at(container, name), `${path}.${name}`),
    ),
  ];
}

function imageErrors(image: string, path: string): readonly FieldError[] {
  if (image === "") return [required(path)];
  return image.trim() === image ? [] : [invalid(path, image, "must not have leading or trailing whitespace")];
}

function variableErrors(variable: JsonValue, path: string): readonly FieldError[] {
  const name = textAt(variable, "name");
  const source = at(variable, "valueFrom");
  const detail = "a valid environment variable name must consist only of printable ASCII characters other than '='";
  return [
    ...(name === "" ? [required(`${path}.name`)] : []),
    ...(/^[ -<>-~]*$/.test(name) ? [] : [invalid(`${path}.name`, name, detail)]),
    ...(source !== undefined && textAt(variable, "value") !== ""
      ? [invalid(`${path}.valueFrom`, "", "may not be specified when `value` is not empty")]
      : []),
    ...(source !== undefined ? sourceErrors(source, `${path}.valueFrom`) : []),
  ];
}

function sourceErrors(source: JsonValue, path: string): readonly FieldError[] {
  const count = entriesAt(source).length;
  if (count === 1) return [];
  if (count > 1) return [invalid(path, "", "may not have more than one field specified at a time")];
  const names = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
  return [invalid(path, "", `must specify one of: ${names}`)];
}

function portErrors(port: JsonValue, path: string): readonly FieldError[] {
  const number = at(port, "containerPort");
  return [
    ...(number === undefined || number === 0 ? [required(`${path}.containerPort`)] : []),
    ...(number === 0 ? [] : between(number, `${path}.containerPort`, ports)),
    ...oneOf(port, path, ["protocol", protocols]),
  ];
}

function resourceErrors(resources: JsonValue | undefined, path: string): readonly FieldError[] {
  return entriesAt(resources, "requests").flatMap(([name, request]) => {
    const limit = at(resources, "limits", name);
    if (limit === undefined || compareQuantities(String(request), String(limit)) <= 0) return [];
    return [invalid(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${String(limit)}`)];
  });
}

const handlers = ["exec", "httpGet", "tcpSocket", "grpc"];

function probeErrors(probe: JsonValue | undefined, path: string): readonly FieldError[] {
  if (probe === undefined || handlers.some((name) => at(probe, name) !== undefined)) return [];
  return [required(path, "must specify a handler type")];
}
