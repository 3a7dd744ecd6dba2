import { isObject, type JsonObject, type JsonValue } from "../json.ts";

/** JSON merge patch (RFC 7386): null removes a field, objects are merged, all else replaces. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged: Record<string, JsonValue> = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else set(merged, name, isObject(value) ? mergePatch(objectIn(target, name), value) : value);
  }
  return merged;
}

function objectIn(target: JsonObject, name: string): JsonObject {
  const found = Object.hasOwn(target, name) ? target[name] : undefined;
  return isObject(found) ? found : {};
}

/** `__proto__` is a field as any other. */
function set(object: Record<string, JsonValue>, name: string, value: JsonValue): void {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}
