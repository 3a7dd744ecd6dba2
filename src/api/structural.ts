import { z } from "zod";

/**
 * The one converter between zod and what a CustomResourceDefinition may hold: a structural schema. An API server refuses
 * `additionalProperties: false`, types that differ by `anyOf`, `$ref`, `{}`, lookaheads and `contentEncoding`; so whatever has
 * no place there ends here with an error that names the field, not in a cluster.
 */
export interface StructuralSchema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
}

/** A rule in CEL, as the API server runs it. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
}

type Json = Readonly<Record<string, unknown>>;

const kept = ["type", "format", "description", "default", "enum", "pattern", "minimum", "maximum"] as const;
const keptToo = ["minLength", "maxLength", "required", "x-kubernetes-validations"] as const;
const handled = ["properties", "additionalProperties", "items", "anyOf", "x-kubernetes-int-or-string"] as const;
const known: ReadonlySet<string> = new Set([...kept, ...keptToo, ...handled]);

/** What users may write, as a structural schema. Throws when `schema` says what such a schema cannot. */
export function toStructural(schema: z.ZodType): StructuralSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io: "input",
    unrepresentable: "throw",
  });
  return convert(json, "");
}

function convert(json: Json, path: string): StructuralSchema {
  const unknown = Object.keys(json).find((keyword) => !known.has(keyword));
  if (unknown !== undefined) throw new Error(`${path || "the root"}: ${unknown} has no place in a structural schema`);
  if (json["x-kubernetes-int-or-string"] === true) return intOrString(json);
  if (json.type === undefined || json.anyOf !== undefined) throw new Error(`${path || "the root"}: has no single type`);
  const { minimum, maximum, pattern, ...rest } = pick(json, [...kept, ...keptToo]);
  return {
    ...rest,
    ...numbers(json),
    // The pattern of a format is zod's own; the API server knows the format.
    ...(typeof pattern === "string" && json.format === undefined ? { pattern: plain(pattern, path) } : {}),
    ...children(json, path),
  };
}

function intOrString(json: Json): StructuralSchema {
  const pattern = (json.anyOf as readonly Json[] | undefined)?.find((each) => each.type === "string")?.pattern;
  return {
    ...pick(json, ["description"]),
    "x-kubernetes-int-or-string": true,
    ...(typeof pattern === "string" ? { pattern } : {}),
  };
}

/** zod writes the range in which it counts exactly; for the API server that is any whole number of 64 bits. */
function numbers({ type, format, minimum, maximum }: Json): StructuralSchema {
  const isAny = minimum === Number.MIN_SAFE_INTEGER && maximum === Number.MAX_SAFE_INTEGER;
  if (type === "integer" && isAny) return { format: typeof format === "string" ? format : "int64" };
  return pick({ minimum, maximum }, ["minimum", "maximum"]);
}

function children(json: Json, path: string): StructuralSchema {
  const properties = Object.entries((json.properties ?? {}) as Readonly<Record<string, Json>>).map(
    ([name, inner]) => [name, convert(inner, path === "" ? name : `${path}.${name}`)] as const,
  );
  return {
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    ...(json.items === undefined ? {} : { items: convert(json.items as Json, `${path}[]`) }),
    ...others(json.additionalProperties, path),
  };
}

function others(additional: unknown, path: string): StructuralSchema {
  if (additional === undefined) return {};
  if (typeof additional !== "object" || additional === null) {
    throw new Error(`${path || "the root"}: unknown fields are dropped by the API server, never refused`);
  }
  if (Object.keys(additional).length === 0) return { "x-kubernetes-preserve-unknown-fields": true };
  return { additionalProperties: convert(additional as Json, `${path}.*`) };
}

function plain(pattern: string, path: string): string {
  if (/\(\?[=!<]|\\[1-9]/.test(pattern)) throw new Error(`${path}: the API server's expressions do not look around`);
  return pattern;
}

function pick(json: Json, keys: readonly (keyof StructuralSchema)[]): StructuralSchema {
  return Object.fromEntries(keys.filter((key) => json[key] !== undefined).map((key) => [key, json[key]]));
}

/** A zod schema that accepts, drops and refuses what the API server does with `schema`. */
export function fromStructural(schema: StructuralSchema): z.ZodType {
  if (schema["x-kubernetes-int-or-string"] === true) return intOrText(schema.pattern);
  switch (schema.type) {
    case "string":
      return textOf(schema.format);
    case "integer":
      return schema.format === "int32" ? Int32 : z.int();
    case "number":
      return z.number();
    case "boolean":
      return z.boolean();
    case "array":
      return z.array(fromStructural(schema.items ?? {}));
    case "object":
      return objectOf(schema);
    default:
      throw new Error(`no zod schema for the type ${schema.type}`);
  }
}

/** A whole number. The API server takes larger ones too: the format is for programs that read the schema. */
export const Int32 = z.int().meta({ format: "int32" });

/** A whole number or a text: ports and, with their pattern, amounts. */
export function intOrText(pattern?: string): z.ZodType<number | string, number | string> {
  const text = pattern === undefined ? z.string() : z.string().regex(new RegExp(pattern), amountMessage);
  return z.union([z.int(), text]).meta({ "x-kubernetes-int-or-string": true });
}
const amountMessage = "must be an amount such as 1Gi, 500M or 200m";

/** Bytes in base64, as they stand in a document: on one line and not empty, or the API server refuses them. */
export const Base64 = z
  .string()
  .regex(/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/, "must be base64 on one line")
  .meta({ format: "byte" });

/** RFC 3339, kept as text. */
export const Time = z.iso.datetime({ offset: true });

function textOf(format: string | undefined): z.ZodType {
  switch (format) {
    case undefined:
      return z.string();
    case "byte":
      return Base64;
    case "date-time":
      return Time;
    default:
      throw new Error(`no zod schema for the format ${format}`);
  }
}

function objectOf(schema: StructuralSchema): z.ZodType {
  if (schema.additionalProperties !== undefined)
    return z.record(z.string(), fromStructural(schema.additionalProperties));
  const shape = shapeOf(schema);
  return schema["x-kubernetes-preserve-unknown-fields"] === true ? z.looseObject(shape) : z.object(shape);
}

/** The fields of an object, for schemas that hold them beside their own. */
export function shapeOf(schema: StructuralSchema): Readonly<Record<string, z.ZodType>> {
  const fields = Object.entries(schema.properties ?? {}).map(([name, inner]) => {
    const field = fromStructural(inner);
    return [name, schema.required?.includes(name) === true ? field : field.optional()] as const;
  });
  return Object.fromEntries(fields);
}
