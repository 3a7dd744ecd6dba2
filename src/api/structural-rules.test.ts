import { describe, expect, test } from "vitest";
import { crds } from "./crd.ts";

/** What Kubernetes wants of a schema in a CustomResourceDefinition, stated once more, so that no cluster is needed to ask. */

type Json = Readonly<Record<string, unknown>>;
type Level = "root" | "field";

const forbidden = [
  ...["$ref", "$schema", "id", "definitions", "dependencies", "patternProperties", "deprecated", "discriminator"],
  ...["readOnly", "writeOnly", "xml", "const", "contentEncoding", "contentMediaType", "if", "then", "else"],
  ...["propertyNames", "prefixItems", "unevaluatedProperties", "examples"],
];
/** Outside of any object or list only; within allOf, anyOf, oneOf and not they say nothing that can be pruned by. */
const outsideOnly = ["type", "default", "additionalProperties", "description", "title", "nullable"];
const types = ["object", "array", "string", "integer", "number", "boolean"];

function mistakes(schema: unknown, path = "", level: Level = "root"): readonly string[] {
  if (!isObject(schema)) return [`${path}: not a schema`];
  const at = path || "root";
  return [
    ...forbidden.filter((keyword) => keyword in schema).map((keyword) => `${at}: ${keyword}`),
    ...typeMistakes(schema, at, level),
    ...extensionMistakes(schema, at),
    ...patternMistakes(schema, at),
    ...ruleMistakes(schema, at),
    ...defaultMistakes(schema, at),
    ...junctions(schema).flatMap((inner) => nestedMistakes(inner, schema, at)),
    ...childMistakes(schema, path, level),
  ];
}

function typeMistakes(schema: Json, at: string, level: Level): readonly string[] {
  const { type } = schema;
  const isFree =
    schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  const found: string[] = [];
  if (type === undefined && (level === "root" || !isFree)) found.push(`${at}: no type`);
  if (type !== undefined && !types.includes(String(type))) found.push(`${at}: type ${JSON.stringify(type)}`);
  if (level === "root" && type !== undefined && type !== "object") found.push(`${at}: root is no object`);
  if (type === "array" && !isObject(schema["items"])) found.push(`${at}: list without items`);
  if (schema["uniqueItems"] === true) found.push(`${at}: uniqueItems`);
  return found;
}

function extensionMistakes(schema: Json, at: string): readonly string[] {
  const preserves = schema["x-kubernetes-preserve-unknown-fields"];
  const isEither = schema["x-kubernetes-int-or-string"] === true;
  const found: string[] = [];
  if (preserves !== undefined && preserves !== true) found.push(`${at}: preserve-unknown-fields not true`);
  if (isEither && (preserves !== undefined || schema["type"] !== undefined))
    found.push(`${at}: int-or-string and more`);
  if ("x-kubernetes-embedded-resource" in schema) found.push(`${at}: embedded resource`);
  if ("properties" in schema && "additionalProperties" in schema)
    found.push(`${at}: properties and additionalProperties`);
  const required = (schema["required"] ?? []) as readonly string[];
  const properties = (schema["properties"] ?? {}) as Json;
  return [
    ...found,
    ...required.filter((name) => !(name in properties)).map((name) => `${at}: requires unknown ${name}`),
  ];
}

function patternMistakes({ pattern }: Json, at: string): readonly string[] {
  // Go's expressions have neither.
  return typeof pattern === "string" && /\(\?(?:=|!|<[=!])|\\[1-9]/.test(pattern) ? [`${at}: pattern ${pattern}`] : [];
}

function ruleMistakes(schema: Json, at: string): readonly string[] {
  const rules = (schema["x-kubernetes-validations"] ?? []) as readonly Json[];
  return rules
    .filter(({ rule, message }) => !isLine(rule) || !isLine(message))
    .map(() => `${at}: a rule needs an expression and a message of one line`);
}

function isLine(text: unknown): boolean {
  return typeof text === "string" && text.trim() !== "" && !text.includes("\n");
}

function defaultMistakes(schema: Json, at: string): readonly string[] {
  if (!("default" in schema)) return [];
  const value = schema["default"];
  const type = Array.isArray(value) ? "array" : typeof value;
  const matches = type === schema["type"] || (schema["type"] === "integer" && Number.isInteger(value));
  const choices = schema["enum"] as readonly unknown[] | undefined;
  return matches && choices?.includes(value) !== false ? [] : [`${at}: default ${JSON.stringify(value)}`];
}

function junctions(schema: Json): readonly Json[] {
  const lists = ["allOf", "anyOf", "oneOf"].flatMap((keyword) => (schema[keyword] ?? []) as readonly Json[]);
  return [...lists, ...(isObject(schema["not"]) ? [schema["not"]] : [])];
}

function nestedMistakes(inner: Json, outer: Json, at: string): readonly string[] {
  const known = Object.keys((outer["properties"] ?? {}) as Json);
  const unknown = Object.keys((inner["properties"] ?? {}) as Json).filter((name) => !known.includes(name));
  return [
    ...outsideOnly.filter((keyword) => keyword in inner).map((keyword) => `${at}: ${keyword} within a junction`),
    ...unknown.map((name) => `${at}: ${name} only within a junction`),
  ];
}

function childMistakes(schema: Json, path: string, level: Level): readonly string[] {
  const properties = Object.entries((schema["properties"] ?? {}) as Json).flatMap(([name, inner]) =>
    level === "root" && name === "metadata"
      ? metadataMistakes(inner)
      : mistakes(inner, path === "" ? name : `${path}.${name}`, "field"),
  );
  const additional = schema["additionalProperties"];
  const others = additional === undefined ? [] : mistakes(additional, `${path}.*`, "field");
  const atRoot = level === "root" && additional !== undefined ? ["root: additionalProperties"] : [];
  const items = isObject(schema["items"]) ? mistakes(schema["items"], `${path}[]`, "field") : [];
  return [...properties, ...atRoot, ...others, ...items];
}

function metadataMistakes(schema: unknown): readonly string[] {
  const { type, properties = {}, ...rest } = isObject(schema) ? schema : {};
  const isAllowed = Object.keys(properties as Json).every((name) => name === "name" || name === "generateName");
  return type === "object" && isAllowed && Object.keys(rest).length === 0 ? [] : ["metadata: more than an object"];
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const text = { type: "string" };

/** Each of these was put to an API server (1.35), which refused it too. */
describe("Kubernetes' rules refuse", () => {
  test.each<[string, Json, string]>([
    ["{}", {}, "spec: no type"],
    ["$ref", { $ref: "#/a", type: "object" }, "spec: $ref"],
    ["an unknown type", { type: "null" }, `spec: type "null"`],
    ["two types", { type: ["string", "null"] }, `spec: type ["string","null"]`],
    ["additionalProperties: {}", { type: "object", additionalProperties: {} }, "spec.*: no type"],
    [
      "both sorts of properties",
      { type: "object", properties: { a: text }, additionalProperties: text },
      "spec: properties and additionalProperties",
    ],
    ["types by anyOf", { anyOf: [text, { type: "boolean" }] }, "spec: no type"],
    ["a type within anyOf", { type: "string", anyOf: [text] }, "spec: type within a junction"],
    ["a list of nothing", { type: "array" }, "spec: list without items"],
    ["a list of anything", { type: "array", items: {} }, "spec[]: no type"],
    ["uniqueItems", { type: "array", items: text, uniqueItems: true }, "spec: uniqueItems"],
    ["a lookahead", { type: "string", pattern: "^(?=a)" }, "spec: pattern ^(?=a)"],
    ["contentEncoding", { type: "string", contentEncoding: "base64" }, "spec: contentEncoding"],
    ["an embedded resource", { type: "object", "x-kubernetes-embedded-resource": true }, "spec: embedded resource"],
    [
      "preserving nothing",
      { type: "object", "x-kubernetes-preserve-unknown-fields": false },
      "spec: preserve-unknown-fields not true",
    ],
    ["a default of another type", { type: "string", default: 1 }, "spec: default 1"],
    ["a default that is no choice", { type: "string", enum: ["a"], default: "b" }, `spec: default "b"`],
    [
      "a mistake far inside",
      { type: "object", properties: { a: { type: "array", items: { type: "object", additionalProperties: {} } } } },
      "spec.a[].*: no type",
    ],
  ])("%s", (_title, spec, complaint) => {
    expect(mistakes({ type: "object", properties: { spec } })).toContain(complaint);
  });
  test.each<[string, Json, string]>([
    ["a root that is no object", { type: "array", items: text }, "root: root is no object"],
    ["a root of any fields", { type: "object", additionalProperties: text }, "root: additionalProperties"],
    [
      "fields of metadata",
      { type: "object", properties: { metadata: { type: "object", properties: { labels: { type: "object" } } } } },
      "metadata: more than an object",
    ],
  ])("%s", (_title, schema, complaint) => expect(mistakes(schema)).toContain(complaint));
});

/** An API server takes these, and then does not do what they seem to say. */
describe("we refuse besides", () => {
  test.each<[string, Json, string]>([
    ["additionalProperties: false", { type: "object", additionalProperties: false }, "spec.*: not a schema"],
    [
      "a field only within anyOf",
      { type: "object", anyOf: [{ properties: { a: {} } }] },
      "spec: a only within a junction",
    ],
    [
      "a type beside int-or-string",
      { type: "string", "x-kubernetes-int-or-string": true },
      "spec: int-or-string and more",
    ],
    ["what is required and unknown", { type: "object", required: ["a"] }, "spec: requires unknown a"],
    [
      "a rule without words",
      { type: "string", "x-kubernetes-validations": [{ rule: "true" }] },
      "spec: a rule needs an expression and a message of one line",
    ],
  ])("%s", (_title, spec, complaint) => {
    expect(mistakes({ type: "object", properties: { spec } })).toContain(complaint);
  });
});

describe.each(crds())("$metadata.name", ({ spec, metadata }) => {
  const [version] = spec.versions;

  test("keeps to Kubernetes' rules", () => expect(mistakes(version?.schema.openAPIV3Schema)).toEqual([]));
  test("is named by its plural and its group", () => expect(metadata.name).toBe(`${spec.names.plural}.${spec.group}`));
  test("has columns that name fields of its schema", () => {
    const paths = version?.additionalPrinterColumns.map(({ jsonPath }) => jsonPath.slice(1).split(".")) ?? [];
    const own = paths.filter(([first]) => first !== "metadata");
    for (const path of own) expect(typeAt(version?.schema.openAPIV3Schema, path)).toBeDefined();
  });
  test("is small enough for kubectl apply, which keeps a copy in an annotation", () => {
    expect(JSON.stringify({ metadata, spec }).length).toBeLessThan(100_000);
  });
});

function typeAt(schema: unknown, [first, ...rest]: readonly string[]): unknown {
  if (!isObject(schema)) return undefined;
  if (first === undefined) return schema["type"];
  return isObject(schema["properties"]) ? typeAt(schema["properties"][first], rest) : undefined;
}
