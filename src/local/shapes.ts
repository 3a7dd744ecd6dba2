import { type JsonObject, textAt } from "./json.ts";
import { cannotHandle, decode, strictly } from "./schema/decode.ts";
import { applyDefaults } from "./schema/defaults.ts";
import { validate, validateUpdate } from "./schema/validate.ts";
import type { ServedResource } from "./served.ts";
import { badRequest, type Cause, invalid, type Refused } from "./status.ts";

/** What happens to fields that the kind does not have; they are dropped, whatever happens. */
export interface FieldValidation {
  readonly fieldValidation: "Ignore" | "Warn" | "Strict";
  /** Told of each such field, for the header Warning. */
  readonly warn: (message: string) => void;
}

export interface Reading extends FieldValidation {
  /** How it is refused; undefined: as an object that was sent. */
  readonly unreadable?: (why: string) => Refused;
}

/** What a client sent as the kind knows it: without unknown fields, with defaults. Throws Refused when it cannot be read. */
export function shaped(resource: ServedResource, object: JsonObject, reading: Reading): JsonObject {
  const { fieldValidation, warn } = reading;
  const { unreadable = (why: string) => badRequest(cannotHandle(resource, why)) } = reading;
  const decoded = decode(resource, object);
  if (decoded.kind === "refused") throw unreadable(decoded.why);
  const { unknownFields } = decoded;
  if (unknownFields.length > 0 && fieldValidation === "Strict") throw unreadable(strictly(unknownFields));
  if (fieldValidation === "Warn") for (const field of unknownFields) warn(`unknown field ${JSON.stringify(field)}`);
  return applyDefaults(resource, decoded.object);
}

/** Throws Refused when there may be no such object. */
export function checkNew(resource: ServedResource, object: JsonObject): void {
  refuse(resource, object, validate(resource, object));
}

/** Throws Refused when this object may not become that one. */
export function checkChange(
  resource: ServedResource,
  { before, after, isStatus }: { readonly before: JsonObject; readonly after: JsonObject; readonly isStatus: boolean },
): void {
  refuse(resource, after, validateUpdate(resource, before, after, { isStatus }));
}

function refuse(resource: ServedResource, object: JsonObject, causes: readonly Cause[]): void {
  if (causes.length > 0) throw invalid(resource, textAt(object, "metadata", "name"), causes);
}
