import { type JsonValue, listAt, textAt } from "../json.ts";
import { entriesAt, named } from "./checks.ts";
import { type FieldError, forbidden, invalid, required } from "./field-error.ts";
import { labelMistakes } from "./names.ts";

/** A volume of a pod. Its paths must not lead out of it: what writes below them may write anywhere. */
export function volumeErrors(volume: JsonValue, path: string): readonly FieldError[] {
  return [...named(volume, path, labelMistakes), ...sourceErrors(volume, path)];
}

/** What a source cannot do without. */
const needed: Readonly<Record<string, string>> = {
  secret: "secretName",
  persistentVolumeClaim: "claimName",
  configMap: "name",
  hostPath: "path",
};

function sourceErrors(volume: JsonValue, path: string): readonly FieldError[] {
  const sources = entriesAt(volume).filter(([name]) => name !== "name");
  return sources.flatMap(([name, source], index) => {
    const place = `${path}.${name}`;
    if (index > 0) return [forbidden(place, "may not specify more than 1 volume type")];
    const field = needed[name];
    return [
      ...(field !== undefined && textAt(source, field) === "" ? [required(`${place}.${field}`)] : []),
      ...pathErrors(name, source, place),
    ];
  });
}

function pathErrors(kind: string, source: JsonValue, path: string): readonly FieldError[] {
  switch (kind) {
    case "secret":
    case "configMap":
      return listAt(source, "items").flatMap((item, index) => itemErrors(item, `${path}.items[${index}]`));
    case "downwardAPI":
      // Kubernetes names no item here
      return listAt(source, "items").flatMap((item) => fileErrors(item, path));
    case "projected":
      return listAt(source, "sources").flatMap((each, index) =>
        entriesAt(each).flatMap(([name, one]) =>
          // nor where a token is
          name === "serviceAccountToken"
            ? fileErrors(one, path)
            : pathErrors(name, one, `${path}.sources[${index}].${name}`),
        ),
      );
    case "hostPath":
      return backstepErrors(textAt(source, "path"), `${path}.path`);
    default:
      return [];
  }
}

function itemErrors(item: JsonValue, path: string): readonly FieldError[] {
  return [...(textAt(item, "key") === "" ? [required(`${path}.key`)] : []), ...fileErrors(item, path)];
}

/** Names that begin so are the kubelet's own. */
function fileErrors(file: JsonValue, path: string): readonly FieldError[] {
  const place = `${path}.path`;
  const text = textAt(file, "path");
  if (text === "") return [required(place)];
  const isReserved = text.startsWith("..") && !text.startsWith("../");
  return [...descendingErrors(text, place), ...(isReserved ? [invalid(place, text, "must not start with '..'")] : [])];
}

function descendingErrors(text: string, path: string): readonly FieldError[] {
  return [
    ...(text.startsWith("/") ? [invalid(path, text, "must be a relative path")] : []),
    ...backstepErrors(text, path),
  ];
}

function backstepErrors(text: string, path: string): readonly FieldError[] {
  return text.split("/").includes("..") ? [invalid(path, text, "must not contain '..'")] : [];
}

/** `path`: of the list of mounts, which is all that Kubernetes says here. */
export function subPathErrors(mount: JsonValue, path: string, index: number): readonly FieldError[] {
  const expression = textAt(mount, "subPathExpr");
  const isBoth = expression !== "" && textAt(mount, "subPath") !== "";
  return [
    ...descendingErrors(textAt(mount, "subPath"), `${path}.subPath`),
    ...(isBoth
      ? [invalid(`${path}[${index}].subPathExpr`, expression, "subPathExpr and subPath are mutually exclusive")]
      : []),
    ...descendingErrors(expression, `${path}.subPathExpr`),
  ];
}
