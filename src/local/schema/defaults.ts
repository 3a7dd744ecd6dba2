import { isList, isObject, type JsonObject, type JsonValue } from "../json.ts";
import type { ServedResource } from "../served.ts";
import { typeDefaults } from "./defaults-types.ts";
import { definitionName, referenceOf, resolved } from "./definitions.ts";
import type { Schema } from "./schema.ts";

/**
 * The object with everything filled in that an API server fills in. Twice is the same as once; a Job wants it a second time
 * after its selector was made, for its labels.
 */
export function applyDefaults(resource: ServedResource, object: JsonObject): JsonObject {
  const { schema, isOurs, group, version, kind } = resource;
  if (schema === undefined) return object;
  if (isOurs) return withDefaults(schema, object);
  const whole = filled(schema, object, definitionName(group, version, kind));
  return isObject(whole) ? whole : object;
}

/** What a CustomResourceDefinition's schema says. */
function withDefaults(schema: Schema, object: JsonObject): JsonObject {
  const { properties = {} } = schema;
  const added = Object.entries(properties).flatMap(([name, { default: value }]): [string, JsonValue][] =>
    Object.hasOwn(object, name) || value === undefined ? [] : [[name, asJson(value)]],
  );
  const all = { ...object, ...Object.fromEntries(added) };
  return mapFields(all, (name, value) => below(properties[name] ?? schema.additionalProperties, value));
}

function below(schema: Schema | undefined, value: JsonValue): JsonValue {
  if (schema === undefined) return value;
  if (isList(value)) return value.map((each) => below(schema.items, each));
  return isObject(value) ? withDefaults(schema, value) : value;
}

/** A schema's default comes from a JSON file, or from zod as plain data. */
function asJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value));
}

/** A value of a type of Kubernetes: structs are there even where nobody gave them, and some types have defaults of their own. */
function filled(schema: Schema, value: JsonValue, name = referenceOf(schema) ?? ""): JsonValue {
  const target = resolved(schema);
  if (isList(value)) return value.map((each) => filled(target.items ?? {}, each));
  if (!isObject(value)) return value;
  const { properties, additionalProperties } = target;
  const object = properties === undefined ? value : { ...value, ...missingOf(properties, value) };
  const inner = mapFields(object, (field, each) => {
    const one = properties === undefined ? additionalProperties : properties[field];
    return one === undefined ? each : filled(one, each);
  });
  return typeDefaults[name]?.(inner) ?? inner;
}

function missingOf(properties: Readonly<Record<string, Schema>>, object: JsonObject): JsonObject {
  const missing = Object.entries(properties).flatMap(([name, schema]): [string, JsonValue][] => {
    if (schema.default === undefined || Object.hasOwn(object, name)) return [];
    return isObject(asJson(schema.default)) && resolved(schema).properties === undefined
      ? []
      : [[name, asJson(schema.default)]];
  });
  return Object.fromEntries(missing);
}

function mapFields(object: JsonObject, change: (name: string, value: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(name, value)]));
}
