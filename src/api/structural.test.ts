import { describe, expect, test } from "vitest";
import { z } from "zod";
import extract from "./kubernetes.json" with { type: "json" };
import { withRule } from "./rule.ts";
import { Base64, fromStructural, Int32, intOrText, type StructuralSchema, Time, toStructural } from "./structural.ts";

describe("the converter writes", () => {
  test.each<[string, z.ZodType, StructuralSchema]>([
    ["a text", z.string(), { type: "string" }],
    ["a limit", z.string().max(9), { type: "string", maxLength: 9 }],
    ["a pattern", z.string().regex(/^a+$/), { type: "string", pattern: "^a+$" }],
    ["a choice", z.enum(["A", "B"]), { type: "string", enum: ["A", "B"] }],
    ["a default", z.enum(["A"]).default("A"), { type: "string", enum: ["A"], default: "A" }],
    ["an int32", Int32, { type: "integer", format: "int32" }],
    ["an int64", z.int(), { type: "integer", format: "int64" }],
    ["a range", z.int().min(1).max(5), { type: "integer", minimum: 1, maximum: 5 }],
    ["a time without zod's pattern", Time, { type: "string", format: "date-time" }],
    ["bytes without contentEncoding", Base64, { type: "string", format: "byte" }],
    ["a number or a text", intOrText(), { "x-kubernetes-int-or-string": true }],
    ["a list", z.array(z.boolean()), { type: "array", items: { type: "boolean" } }],
    ["a map", z.record(z.string(), z.string()), { type: "object", additionalProperties: { type: "string" } }],
    [
      "an object that drops what it does not know",
      z.object({ a: z.string().optional() }),
      { type: "object", properties: { a: { type: "string" } } },
    ],
    [
      "what must be there",
      z.object({ a: z.string() }),
      { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
    ],
    [
      "what is there by default as optional",
      z.object({ a: z.string().default("x") }),
      { type: "object", properties: { a: { type: "string", default: "x" } } },
    ],
    ["an object that keeps all", z.looseObject({}), { type: "object", "x-kubernetes-preserve-unknown-fields": true }],
    ["a description", z.string().describe("It."), { type: "string", description: "It." }],
  ])("%s", (_title, schema, expected) => expect(toStructural(schema)).toEqual(expected));

  test("rules, two of them too, and keeps the description", () => {
    const one = withRule(z.string().max(5).describe("It."), {
      rule: "self != 'a'",
      message: "must not be a",
      holds: (text) => text !== "a",
    });
    const two = withRule(one, { rule: "self != 'b'", message: "must not be b", holds: (text) => text !== "b" });
    expect(toStructural(two)).toEqual({
      type: "string",
      maxLength: 5,
      description: "It.",
      "x-kubernetes-validations": [
        { rule: "self != 'a'", message: "must not be a" },
        { rule: "self != 'b'", message: "must not be b" },
      ],
    });
    expect(["a", "b", "c"].map((text) => two.safeParse(text).success)).toEqual([false, false, true]);
  });
});

describe("the converter refuses", () => {
  const cases: readonly (readonly [string, z.ZodType, string])[] = [
    ["additionalProperties: false", z.strictObject({}), "the API server"],
    ["types that differ", z.union([z.string(), z.boolean()]), "no single type"],
    ["anything at all", z.unknown(), "no single type"],
    ["null", z.string().nullable(), "nullable"],
    ["a lookahead", z.string().regex(/^(?=a)/), "look around"],
    ["a back reference", z.string().regex(/(a)\1/), "look around"],
    ["contentEncoding", z.base64(), "contentEncoding"],
  ];
  test.each(cases)("%s, and names where", (_title, schema, complaint) => {
    const inside = z.object({ spec: z.object({ list: z.array(schema) }) });
    expect(() => toStructural(inside)).toThrow(complaint);
    expect(() => toStructural(inside)).toThrow("spec.list[]");
  });
  test.each([
    ["a date", z.date()],
    ["a bigint", z.bigint()],
  ])("%s", (_title, schema) => {
    expect(() => toStructural(schema)).toThrow();
  });
});

describe("Kubernetes' own types", () => {
  test.each(Object.entries(extract))("%s comes back from zod as it was", (_name, schema: StructuralSchema) => {
    expect(toStructural(fromStructural(schema))).toEqual(schema);
  });
  test("have no defaults, choices, references or descriptions", () => {
    expect(JSON.stringify(extract)).not.toMatch(/"(default|enum|\$ref|description|x-kubernetes-list-type)":/);
  });
  test.each([
    ["string", "uuid"],
    ["null", undefined],
  ])("of an unknown sort would be noticed: %s %s", (type, format) => {
    expect(() => fromStructural({ type, ...(format === undefined ? {} : { format }) })).toThrow("no zod schema");
  });
});
