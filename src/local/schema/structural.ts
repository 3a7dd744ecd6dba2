import { isList, isObject, type JsonObject, type JsonValue } from "../json.ts";
import { type FieldError, invalid, required, tooLong, typeInvalid, unsupported } from "./field-error.ts";
import { canonicalQuantity } from "./quantity.ts";
import { readBase64, readTime } from "./scalars.ts";
import type { Schema } from "./schema.ts";

/** What a custom resource's schema says against `value`, rules in CEL apart. */
export function structuralErrors(schema: Schema, value: JsonValue, field = ""): readonly FieldError[] {
  const types = typesOf(schema);
  const type = typeOf(value);
  if (types.length > 0 && !types.includes(type) && !(type === "integer" && types.includes("number"))) {
    const said = `${field} in body must be of type ${types.join(",")}: ${JSON.stringify(type)}`;
    return [typeInvalid(field, type, said), ...enumErrors(schema, value, field)];
  }
  if (isList(value))
    return value.flatMap((each, index) => structuralErrors(schema.items ?? {}, each, `${field}[${index}]`));
  if (isObject(value)) return fieldErrors(schema, value, field);
  return [
    ...textErrors(schema, value, field),
    ...rangeErrors(schema, value, field),
    ...enumErrors(schema, value, field),
  ];
}

function typesOf(schema: Schema): readonly string[] {
  if (schema["x-kubernetes-int-or-string"] === true) return ["integer", "string"];
  return schema.type === undefined ? [] : [schema.type];
}

/** Go reads whole numbers of up to 64 bits as integers. */
function typeOf(value: JsonValue): string {
  if (value === null) return "null";
  if (isList(value)) return "array";
  if (typeof value !== "number") return typeof value;
  return Number.isInteger(value) && Math.abs(value) <= 2 ** 63 ? "integer" : "number";
}

function fieldErrors(schema: Schema, object: JsonObject, field: string): readonly FieldError[] {
  const { properties = {}, additionalProperties, required: names = [] } = schema;
  const below = (name: string) => (field === "" ? name : `${field}.${name}`);
  const missing = names.filter((name) => !Object.hasOwn(object, name)).map((name) => required(below(name)));
  const wrong = Object.entries(object).flatMap(([name, value]) => {
    const inner = (Object.hasOwn(properties, name) ? properties[name] : undefined) ?? additionalProperties;
    return inner === undefined ? [] : structuralErrors(inner, value, below(name));
  });
  return [...missing, ...wrong];
}

function textErrors({ format, pattern, maxLength, minLength = 0 }: Schema, value: JsonValue, field: string) {
  if (typeof value !== "string") return [];
  const length = [...value].length;
  return [
    ...(maxLength !== undefined && length > maxLength ? [tooLong(field, maxLength)] : []),
    ...(length < minLength
      ? [invalid(field, value, `${field} in body should be at least ${minLength} chars long`)]
      : []),
    ...(pattern !== undefined && !new RegExp(pattern).test(value)
      ? [invalid(field, value, `${field} in body should match '${pattern}'`)]
      : []),
    ...(format !== undefined && !isOfFormat(format, value) ? [formatError(format, value, field)] : []),
  ];
}

function isOfFormat(format: string, value: string): boolean {
  switch (format) {
    case "byte":
      return value !== "" && "kept" in readBase64(value) && !/[\r\n]/.test(value);
    case "date-time":
      return "kept" in readTime(value, "Time");
    case "quantity":
      return canonicalQuantity(value) !== undefined;
    default:
      return true;
  }
}

function formatError(format: string, value: string, field: string): FieldError {
  return typeInvalid(field, value, `${field} in body must be of type ${format}: ${JSON.stringify(value)}`);
}

function rangeErrors({ minimum, maximum }: Schema, value: JsonValue, field: string): readonly FieldError[] {
  if (typeof value !== "number") return [];
  return [
    ...(minimum !== undefined && value < minimum
      ? [invalid(field, value, `${field} in body should be greater than or equal to ${minimum}`)]
      : []),
    ...(maximum !== undefined && value > maximum
      ? [invalid(field, value, `${field} in body should be less than or equal to ${maximum}`)]
      : []),
  ];
}

function enumErrors({ enum: values }: Schema, value: JsonValue, field: string): readonly FieldError[] {
  if (values === undefined || values.includes(value)) return [];
  return [unsupported(field, value, values.map(String))];
}
