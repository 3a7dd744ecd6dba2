import type { JsonObject } from "./json.ts";
import { decode, strictMessage } from "./schema/decode.ts";
import { applyDefaults } from "./schema/defaults.ts";
import type { ServedResource } from "./served.ts";
import { badRequest } from "./status.ts";

/** What happens to fields that the kind does not have; they are dropped, whatever happens. */
export interface FieldValidation {
  readonly fieldValidation: "Ignore" | "Warn" | "Strict";
  /** Told of each such field, for the header Warning. */
  readonly warn: (message: string) => void;
}

/** What a client sent as the kind knows it: without unknown fields, with defaults. Throws Refused when it cannot be read. */
export function shaped(
  resource: ServedResource,
  object: JsonObject,
  { fieldValidation, warn }: FieldValidation,
): JsonObject {
  const decoded = decode(resource, object);
  if (decoded.kind === "refused") throw badRequest(decoded.message);
  const { unknownFields } = decoded;
  if (unknownFields.length > 0 && fieldValidation === "Strict")
    throw badRequest(strictMessage(resource, unknownFields));
  if (fieldValidation === "Warn") for (const field of unknownFields) warn(`unknown field ${JSON.stringify(field)}`);
  return applyDefaults(resource, decoded.object);
}

/** Throws Refused when there may be no such object. */
export function checkNew(_resource: ServedResource, _object: JsonObject): void {}

/** Throws Refused when this object may not become that one. */
export function checkChange(_resource: ServedResource, _before: JsonObject, _after: JsonObject): void {}
