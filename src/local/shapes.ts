import type { JsonObject } from "./json.ts";
import type { ServedResource } from "./served.ts";

/** The object as it may be stored: defaults filled in. Throws Refused when it is no such object. */
export function shaped(_resource: ServedResource, object: JsonObject): JsonObject {
  return object;
}

/** Throws Refused when this object may not become that one. */
export function checkUpdate(_resource: ServedResource, _before: JsonObject, _after: JsonObject): void {}
