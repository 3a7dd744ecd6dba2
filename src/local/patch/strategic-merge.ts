import { isList, isObject, type JsonObject, type JsonValue } from "../json.ts";
import { resolved } from "../schema/definitions.ts";
import type { Schema } from "../schema/schema.ts";
import type { ServedResource } from "../served.ts";
import { attempt, Misfit, type Patched } from "./patched.ts";
import { deleteFromPrefix, hasDirective, ordered, orderPrefix, patchMarker, retainKeys } from "./strategic-order.ts";

/**
 * Kubernetes' own patch, which kubectl sends for its kinds: lists whose schema says so are merged by a key of their items or as
 * sets; `$patch`, `$retainKeys`, `$setElementOrder/x` and `$deleteFromPrimitiveList/x` direct it. Follows apimachinery's
 * strategicpatch. Kinds of ours take no such patch (415), as no custom resource does.
 */
export function strategicMerge(resource: ServedResource, target: JsonObject, patch: JsonObject): Patched {
  return attempt(() => mergeMap(target, patch, resource.schema ?? {}));
}

function mergeMap(original: JsonObject, patch: JsonObject, schema: Schema): JsonObject {
  const { [patchMarker]: directive, ...rest } = patch;
  if (directive === "replace") return rest;
  if (directive === "delete") return {};
  if (directive !== undefined) throw unknownDirective(directive);
  const { [retainKeys]: kept, ...changes } = rest;
  const start = kept === undefined ? original : retained(original, changes, kept);
  const merged = new Map(Object.entries(start));
  const orders = new Map(
    Object.entries(changes)
      .filter(([name]) => name.startsWith(orderPrefix))
      .map(([name, order]) => [name.slice(orderPrefix.length), order]),
  );
  for (const [name, order] of orders) mergeOrdered(merged, { name, order, change: changes[name] }, schema);
  for (const [name, change] of Object.entries(changes)) {
    if (!name.startsWith(orderPrefix) && !orders.has(name)) mergeField(merged, name, change, schema);
  }
  return Object.fromEntries(merged);
}

function unknownDirective(directive: JsonValue): Misfit {
  return new Misfit(400, `unknown patch type: ${String(directive)}`);
}

/** Only these fields stay; the patch itself may name no others. */
function retained(original: JsonObject, changes: JsonObject, kept: JsonValue): JsonObject {
  const isStray = ([name, value]: readonly [string, JsonValue]) =>
    value !== null && !name.startsWith("$") && isList(kept) && !kept.includes(name);
  if (!isList(kept) || Object.entries(changes).some(isStray)) {
    throw new Misfit(400, "invalid patch format of retainKeys");
  }
  return Object.fromEntries(Object.entries(original).filter(([name]) => kept.includes(name)));
}

function mergeField(merged: Map<string, JsonValue>, key: string, change: JsonValue, schema: Schema): void {
  const isDeletion = key.startsWith(deleteFromPrefix.slice(0, -1));
  if (isDeletion && !key.startsWith(deleteFromPrefix)) throw new Misfit(400, "invalid patch format of primitive list");
  const name = isDeletion ? key.slice(deleteFromPrefix.length) : key;
  const original = merged.get(name);
  if (change === null) merged.delete(name);
  else if (isDeletion) {
    if (isList(original) && isList(change)) merged.set(name, without(original, change));
  } else if (isList(original) && isList(change)) merged.set(name, mergeList(original, change, fieldOf(schema, name)));
  else if (isObject(original) && isObject(change)) merged.set(name, mergeMap(original, change, fieldOf(schema, name)));
  else setPlain(merged, name, change);
}

/** What was not there, or was something else, is taken as it is; nulls and directives in it say nothing. */
function setPlain(merged: Map<string, JsonValue>, name: string, change: JsonValue): void {
  const plain = plainOf(change);
  if (plain === undefined) merged.delete(name);
  else merged.set(name, plain);
}

function plainOf(change: JsonValue): JsonValue | undefined {
  if (isList(change)) return change.flatMap((each) => plainOf(each) ?? []);
  if (!isObject(change)) return change;
  if (hasDirective(change)) return undefined;
  const fields = Object.entries(change).flatMap(([name, value]): [string, JsonValue][] => {
    const plain = value === null ? undefined : plainOf(value);
    return plain === undefined ? [] : [[name, plain]];
  });
  return Object.fromEntries(fields);
}

function without(original: readonly JsonValue[], gone: readonly JsonValue[]): readonly JsonValue[] {
  return original.filter((each) => !gone.includes(each));
}

/** The schema of a field, with what it says of patches; {} for one that is not known. */
function fieldOf(schema: Schema, name: string): Schema {
  const { properties, additionalProperties } = resolved(schema);
  const field = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
  return field === undefined ? {} : resolved(field);
}

function mergeList(original: readonly JsonValue[], patch: readonly JsonValue[], schema: Schema): readonly JsonValue[] {
  if (!strategiesOf(schema).includes("merge")) return patch;
  const isOfMaps = [...original, ...patch].some((each) => isObject(each));
  if (!isOfMaps)
    return ordered([...new Set([...original, ...patch])], { order: patch, before: original, key: undefined });
  const key = schema["x-kubernetes-patch-merge-key"] ?? "";
  const items = [...original, ...patch].filter((each) => isObject(each));
  if (items.length < original.length + patch.length) throw new Misfit(400, "list element types are not identical");
  const changes = patch.filter((each) => isObject(each));
  return mergeItems(
    original.filter((each) => isObject(each)),
    changes,
    { key, schema: schema.items ?? {} },
  );
}

function strategiesOf(schema: Schema): readonly string[] {
  return (schema["x-kubernetes-patch-strategy"] ?? "").split(",");
}

interface ItemsOf {
  readonly key: string;
  readonly schema: Schema;
}

function mergeItems(
  original: readonly JsonObject[],
  patch: readonly JsonObject[],
  { key, schema }: ItemsOf,
): readonly JsonValue[] {
  const directed = patch.filter((each) => hasDirective(each));
  const plain = patch.filter((each) => !hasDirective(each));
  const gone = directed.filter((each) => each[patchMarker] === "delete").map((each) => keyOf(each, key));
  const odd = directed.find((each) => !["delete", "replace"].includes(String(each[patchMarker])));
  if (odd !== undefined) throw unknownDirective(odd[patchMarker] ?? null);
  if (directed.some((each) => each[patchMarker] === "replace")) return plain;
  const left = original.filter((each) => !gone.includes(keyOf(each, key)));
  const merged = new Map(left.map((each) => [keyOf(each, key), each]));
  for (const change of plain) {
    const id = keyOf(change, key);
    const before = merged.get(id);
    merged.set(id, before === undefined ? change : mergeMap(before, change, schema));
  }
  return ordered([...merged.values()], { order: plain, before: left, key });
}

function keyOf(item: JsonObject, key: string): string {
  const value = item[key];
  if (value === undefined) throw new Misfit(400, `${JSON.stringify(item)} does not contain declared merge key: ${key}`);
  return String(value);
}

interface OrderedChange {
  readonly name: string;
  readonly order: JsonValue;
  /** What the patch has for the list itself. */
  readonly change: JsonValue | undefined;
}

/** A list with `$setElementOrder`: merged, then brought into that order. */
function mergeOrdered(merged: Map<string, JsonValue>, { name, order, change }: OrderedChange, schema: Schema): void {
  const field = fieldOf(schema, name);
  const original = merged.get(name);
  const key = field["x-kubernetes-patch-merge-key"];
  if (!isList(order) || (change !== undefined && !isList(change)) || (original !== undefined && !isList(original))) {
    throw new Misfit(400, "invalid patch format of setElementOrder list");
  }
  checkOrder(change ?? [], order, key);
  if (original === undefined && change === undefined) return;
  const before = original ?? [];
  const list =
    original === undefined ? plainOf(change ?? []) : change === undefined ? before : mergeList(before, change, field);
  merged.set(name, ordered(isList(list) ? list : [], { order, before, key }));
}

/** The patch's items must stand in the order that it asks for. */
function checkOrder(change: readonly JsonValue[], order: readonly JsonValue[], key: string | undefined): void {
  const idOf = (item: JsonValue) => (isObject(item) ? String(item[key ?? ""]) : String(item));
  const places = change.filter((each) => !hasDirective(each)).map((each) => order.map(idOf).indexOf(idOf(each)));
  const isAscending = places.every((place, index) => place >= 0 && (index === 0 || place > (places[index - 1] ?? 0)));
  if (order.length > 0 && !isAscending) {
    throw new Misfit(400, "the order in the patch's list doesn't match its $setElementOrder list");
  }
}
