import { at, isList, isObject, isSame, type JsonObject, type JsonValue, textAt } from "../json.ts";
import { attempt, Misfit, type Patched } from "./patched.ts";

/** kube-apiserver's limits. */
const mostOperations = 10_000;
const mostCopiedBytes = 3 * 1024 * 1024;

/**
 * JSON patch (RFC 6902), as lenient as kube-apiserver's library: `replace` of a field that is not there adds it, `copy` of one
 * makes null, `test` of one succeeds for null, and indexes count from the end when negative.
 */
export function jsonPatch(target: JsonObject, operations: JsonValue): Patched {
  return attempt(() => {
    if (!isList(operations)) throw new Misfit(400, "error decoding patch: it is not a list of operations");
    if (operations.length > mostOperations) {
      const count = operations.length;
      throw new Misfit(413, `The allowed maximum operations in a JSON patch is ${mostOperations}, got ${count}`);
    }
    const start: Progress = { document: target, copiedBytes: 0 };
    const { document } = operations.reduce<Progress>(advanced, start);
    if (!isObject(document)) throw new Misfit(422, "the patch leaves no object");
    return document;
  });
}

interface Progress {
  readonly document: JsonValue;
  /** By all copies so far: one of a field into itself doubles it, and thirty of them would be a billion times it. */
  readonly copiedBytes: number;
}

function advanced({ document, copiedBytes }: Progress, operation: JsonValue): Progress {
  const copied = at(operation, "op") === "copy" ? read(document, textAt(operation, "from")) : undefined;
  const bytes = copiedBytes + (copied === undefined ? 0 : Buffer.byteLength(JSON.stringify(copied)));
  if (bytes > mostCopiedBytes) {
    throw new Misfit(422, `the copies are of ${bytes} bytes together, more than the limit of ${mostCopiedBytes}`);
  }
  return { document: applied(document, operation), copiedBytes: bytes };
}

function applied(document: JsonValue, operation: JsonValue): JsonValue {
  if (!isObject(operation)) throw new Misfit(400, "error decoding patch: an operation is no object");
  const { path, value = null } = operation;
  if (typeof path !== "string") throw new Misfit(422, "an operation lacks its path");
  const from = textAt(operation, "from");
  switch (operation["op"]) {
    case "add":
      return put(document, path, value, "add");
    case "replace":
      return path === "" ? value : put(document, path, value, "replace");
    case "remove":
      return removed(document, path);
    case "test":
      if (!isSame(read(document, path) ?? null, value)) throw new Misfit(422, `testing value ${path} failed`);
      return document;
    case "move":
      return put(removed(document, from), path, read(document, from) ?? null, "add");
    case "copy":
      return put(document, path, read(document, from) ?? null, "add");
    default:
      throw new Misfit(422, `unexpected operation ${JSON.stringify(operation["op"] ?? "")}`);
  }
}

/** undefined: the field is not there, but what would hold it is. */
function read(document: JsonValue, path: string): JsonValue | undefined {
  let here: JsonValue | undefined = document;
  for (const key of keysOf(path)) {
    if (isList(here)) here = here[indexOf(key, here.length, path)];
    else if (isObject(here)) here = Object.hasOwn(here, key) ? here[key] : undefined;
    else throw missing(path);
  }
  return here;
}

function removed(document: JsonValue, path: string): JsonValue {
  return edited(document, path, (parent, key) => {
    if (isList(parent)) return parent.toSpliced(indexOf(key, parent.length, path), 1);
    if (!Object.hasOwn(parent, key)) throw missing(path);
    return Object.fromEntries(Object.entries(parent).filter(([name]) => name !== key));
  });
}

function put(document: JsonValue, path: string, value: JsonValue, how: "add" | "replace"): JsonValue {
  return edited(document, path, (parent, key) => {
    if (!isList(parent)) return withField(parent, key, value);
    if (how === "replace") return parent.with(indexOf(key, parent.length, path), value);
    const index = key === "-" ? parent.length : indexOf(key, parent.length + 1, path);
    return parent.toSpliced(index, 0, value);
  });
}

type Parent = readonly JsonValue[] | JsonObject;
type Edit = (parent: Parent, key: string) => JsonValue;

function edited(document: JsonValue, path: string, edit: Edit): JsonValue {
  return editedBelow(document, keysOf(path), { path, edit });
}

function editedBelow(
  here: JsonValue | undefined,
  [key, ...rest]: readonly string[],
  { path, edit }: { readonly path: string; readonly edit: Edit },
): JsonValue {
  if (key === undefined || !(isList(here) || isObject(here))) throw missing(path);
  if (rest.length === 0) return edit(here, key);
  if (isList(here)) {
    const index = indexOf(key, here.length, path);
    return here.with(index, editedBelow(here[index], rest, { path, edit }));
  }
  if (!Object.hasOwn(here, key)) throw missing(path);
  return withField(here, key, editedBelow(here[key], rest, { path, edit }));
}

/** `__proto__` is a field as any other. */
function withField(object: JsonObject, name: string, value: JsonValue): JsonObject {
  return Object.fromEntries([...Object.entries(object), [name, value]]);
}

/** What stands before the first slash does not count. */
function keysOf(path: string): readonly string[] {
  return path
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function indexOf(key: string, length: number, path: string): number {
  const index = /^-?[0-9]+$/.test(key) ? Number(key) : Number.NaN;
  if (!(index >= -length && index < length)) throw new Misfit(422, `no such index: ${path}`);
  return index < 0 ? index + length : index;
}

function missing(path: string): Misfit {
  return new Misfit(422, `the path ${JSON.stringify(path)} leads nowhere`);
}
