/** JSON as the API server holds it. Never changed in place: parts of an object are shared by what was made from it. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !isList(value);
}

/** `Array.isArray`, which would make `any` of a readonly list's members. */
export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The value below `object` at these field names; undefined where there is none. */
export function at(object: JsonValue | undefined, ...names: readonly string[]): JsonValue | undefined {
  let here = object;
  for (const name of names) {
    if (!isObject(here) || !Object.hasOwn(here, name)) return undefined;
    here = here[name];
  }
  return here;
}

/** The text below `object` at these field names; "" where there is none, as Go reads it. */
export function textAt(object: JsonValue | undefined, ...names: readonly string[]): string {
  const found = at(object, ...names);
  return typeof found === "string" ? found : "";
}

/** The list below `object` at these field names; empty where there is none. */
export function listAt(object: JsonValue | undefined, ...names: readonly string[]): readonly JsonValue[] {
  const found = at(object, ...names);
  return isList(found) ? found : [];
}

/** Whether both are the same JSON; the order of fields counts for nothing. */
export function isSame(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  if (isList(one)) {
    return isList(other) && one.length === other.length && one.every((each, index) => isSame(each, other[index]));
  }
  if (!isObject(one)) return one === other;
  if (!isObject(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  );
}
