import { isList, isObject, type JsonObject, type JsonValue } from "../json.ts";
import type { Schema } from "./schema.ts";

export interface Pruned {
  readonly value: JsonValue;
  /** Paths of the fields that are gone: `spec.target.foo`. */
  readonly unknownFields: readonly string[];
}

/** A custom resource as it is kept: fields that its schema does not name go, and those that are null. */
export function prune(schema: Schema, value: JsonValue): Pruned {
  const unknownFields: string[] = [];
  return { value: pruned(schema, value, { path: "", unknownFields }), unknownFields };
}

interface Place {
  readonly path: string;
  readonly unknownFields: string[];
}

function pruned(schema: Schema, value: JsonValue, place: Place): JsonValue {
  if (isList(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    return value.map((each, index) => pruned(items, each, { ...place, path: `${place.path}[${index}]` }));
  }
  return isObject(value) ? prunedFields(schema, value, place) : value;
}

function prunedFields(schema: Schema, object: JsonObject, place: Place): JsonObject {
  const { properties = {}, additionalProperties } = schema;
  const keepsAll = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const kept = Object.entries(object).flatMap(([name, value]): [string, JsonValue][] => {
    const path = place.path === "" ? name : `${place.path}.${name}`;
    const inner = (Object.hasOwn(properties, name) ? properties[name] : undefined) ?? additionalProperties;
    if (inner === undefined) {
      if (!keepsAll) place.unknownFields.push(path);
      return keepsAll ? [[name, value]] : [];
    }
    return value === null ? [] : [[name, pruned(inner, value, { ...place, path })]];
  });
  return Object.fromEntries(kept);
}
