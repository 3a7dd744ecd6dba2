import { isList, isObject, type JsonObject, type JsonValue } from "../json.ts";
import { referenceOf, resolved } from "./definitions.ts";
import { type Read, readBase64, readQuantity, readTime } from "./scalars.ts";
import type { Schema } from "./schema.ts";

/** A value is of another type than its field. The message is Go's, as kube-apiserver shows it. */
export class Misread extends Error {}

export interface Place {
  /** The Go struct that has the field. */
  readonly struct: string;
  /** Names of the fields down to here, as Go's messages have them: `spec.containers.name`. */
  readonly names: string;
  /** `spec.containers[0].name` */
  readonly path: string;
}

export interface Typed {
  /** undefined: the field is as good as not there. */
  readonly value: JsonValue | undefined;
  readonly unknownFields: readonly string[];
}

/** A value of a type of Kubernetes, as Go reads and writes it again. Throws Misread. */
export function readTyped(schema: Schema, value: JsonValue, place: Place): Typed {
  const unknownFields: string[] = [];
  return { value: read(schema, value, { ...place, unknownFields }), unknownFields };
}

interface Reading extends Place {
  readonly unknownFields: string[];
}

const special: Readonly<Record<string, (value: JsonValue) => Read>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": readQuantity,
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": (value) => readTime(value, "Time"),
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": (value) => readTime(value, "MicroTime"),
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": (value) => ({ kept: value }),
};
const intOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

function read(schema: Schema, value: JsonValue, place: Reading): JsonValue | undefined {
  if (value === null) return undefined;
  const name = referenceOf(schema) ?? "";
  const reader = special[name];
  if (reader !== undefined) return kept(reader(value));
  const target = resolved(schema);
  const scalar = scalars[name === intOrString ? intOrString : (target.type ?? "")];
  if (scalar !== undefined) return scalar(target, value) ? scalarKept(target, value) : misread(schema, value, place);
  if (target.type === "array") return isList(value) ? readList(target, value, place) : misread(schema, value, place);
  if (!isObject(value)) return misread(schema, value, place);
  const inner = { ...place, struct: lastOf(name) || place.struct };
  return target.properties === undefined ? readMap(target, value, inner) : readFields(target, value, inner);
}

const scalars: Readonly<Record<string, (schema: Schema, value: JsonValue) => boolean>> = {
  string: (_, value) => typeof value === "string",
  integer: isWhole,
  number: (_, value) => typeof value === "number",
  boolean: (_, value) => typeof value === "boolean",
  [intOrString]: (_, value) => typeof value === "number" || typeof value === "string",
};

function scalarKept({ format }: Schema, value: JsonValue): JsonValue {
  return format === "byte" && typeof value === "string" ? kept(readBase64(value)) : value;
}

function kept(reading: Read): JsonValue {
  if ("mistake" in reading) throw new Misread(reading.mistake);
  return reading.kept;
}

function isWhole({ format }: Schema, value: JsonValue): boolean {
  if (typeof value !== "number" || !Number.isInteger(value)) return false;
  return format !== "int32" || Math.abs(value) < 2 ** 31;
}

function readList(schema: Schema, list: readonly JsonValue[], place: Reading): JsonValue {
  const { items = {} } = schema;
  return list.map((each, index) => {
    const path = `${place.path}[${index}]`;
    return read(items, each, { ...place, path }) ?? zeroOf(items);
  });
}

/** What Go makes of a null in a list. */
function zeroOf(schema: Schema): JsonValue {
  switch (resolved(schema).type) {
    case "string":
      return "";
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return false;
    default:
      return {};
  }
}

/** Keys are data here, and null is a value's zero. */
function readMap({ additionalProperties }: Schema, map: JsonObject, place: Reading): JsonObject {
  if (additionalProperties === undefined) return map;
  const members = Object.entries(map).map(([key, value]) => {
    const path = join(place.path, key);
    return [key, read(additionalProperties, value, { ...place, path }) ?? zeroOf(additionalProperties)] as const;
  });
  return Object.fromEntries(members);
}

function readFields({ properties = {}, required = [] }: Schema, object: JsonObject, place: Reading): JsonObject {
  const fields = Object.entries(object).flatMap(([name, value]): [string, JsonValue][] => {
    const path = join(place.path, name);
    const inner = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (inner === undefined) {
      place.unknownFields.push(path);
      return [];
    }
    const found = read(inner, value, { ...place, path, names: join(place.names, name) });
    return found === undefined || (isEmpty(inner, found) && !required.includes(name)) ? [] : [[name, found]];
  });
  return Object.fromEntries(fields);
}

function join(names: string, name: string): string {
  return names === "" ? name : `${names}.${name}`;
}

/** Go leaves out lists and maps that are empty. */
function isEmpty(schema: Schema, value: JsonValue): boolean {
  if (isList(value)) return value.length === 0;
  return resolved(schema).additionalProperties !== undefined && isObject(value) && Object.keys(value).length === 0;
}

function misread(schema: Schema, value: JsonValue, { struct, names }: Place): never {
  const shown = typeof value === "number" && resolved(schema).type === "integer" ? `number ${value}` : jsonType(value);
  throw new Misread(
    `json: cannot unmarshal ${shown} into Go struct field ${struct}.${names} of type ${goType(schema)}`,
  );
}

function jsonType(value: JsonValue): string {
  if (isList(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

const goScalars: Readonly<Record<string, string>> = { string: "string", boolean: "bool", number: "float64" };

/** Types that are texts by another name in Go are called string here: the OpenAPI does not know their names. */
function goType(schema: Schema): string {
  const name = referenceOf(schema);
  if (name !== undefined) return `${name.split(".").at(-2)}.${lastOf(name)}`;
  const { type = "", format, items, additionalProperties } = schema;
  if (type === "array") return `[]${goType(items ?? {})}`;
  if (additionalProperties !== undefined) return `map[string]${goType(additionalProperties)}`;
  if (type === "integer") return format ?? "int64";
  return format === "byte" ? "[]uint8" : (goScalars[type] ?? "map[string]interface {}");
}

function lastOf(name: string): string {
  return name.split(".").at(-1) ?? "";
}
