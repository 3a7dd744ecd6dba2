import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson, writeJson } from "./json.ts";

/** Any JSON document as text, with integers of any length and floats in every spelling. */
const number = fc.oneof(
  fc.bigInt().map(String),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom("1.0", "-0.0", "1e400", "0.1000000000000000055511151231257827", "1E+2", "-1.5e-7"),
);
const { document } = fc.letrec<{ document: string; array: string; object: string }>((tie) => ({
  document: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom("null", "true", "false"),
    number,
    fc.string({ unit: "grapheme" }).map((text) => JSON.stringify(text)),
    tie("array"),
    tie("object"),
  ),
  array: fc.array(tie("document"), { maxLength: 4 }).map((items) => `[${items.join(",")}]`),
  object: fc
    .uniqueArray(fc.tuple(key(), tie("document")), { maxLength: 4, selector: ([name]) => name })
    .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`),
}));

/** Names as they come; array indices would change places (as in any JavaScript object). */
function key(): fc.Arbitrary<string> {
  const odd = fc.constantFrom("__proto__", "constructor", "", "toString", "rawJSON");
  return fc.oneof(fc.string(), odd).filter((name) => !/^\d+$/.test(name));
}

describe("parseJson and writeJson", () => {
  test("give back the very text, whatever the numbers", () => {
    fc.assert(
      fc.property(document, (text) => {
        expect(writeJson(parseJson(text))).toBe(text);
      }),
    );
  });
  test("give back the very text after a detour over an indent", () => {
    fc.assert(
      fc.property(document, (text) => {
        expect(writeJson(parseJson(writeJson(parseJson(text), 2)))).toBe(text);
      }),
    );
  });
  test("agree with JSON.parse and JSON.stringify where these round nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(writeJson(value)).toBe(JSON.stringify(value));
        expect(JSON.parse(writeJson(parseJson(JSON.stringify(value))))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("parseJson", () => {
  test.each([
    ["nanoseconds", "1763719200123456789", 1763719200123456789n],
    ["the largest unsigned 64-bit number", "18446744073709551615", 18446744073709551615n],
    ["the smallest signed 64-bit number", "-9223372036854775808", -9223372036854775808n],
    ["a small integer", "7", 7n],
    ["nought", "0", 0n],
  ])("reads %s as bigint", (_title, text, value) => expect(parseJson(text)).toBe(value));

  test.each([["1.5"], ["1e3"], ["1.0"], ["1e400"], ["0.1000000000000000055511151231257827"]])(
    "keeps %s as it was written",
    (text) => expect(parseJson(`[${text}]`)).toEqual([{ rawJSON: text }]),
  );

  test("reads numbers at any depth", () => {
    expect(parseJson('{"a":[{"b":9007199254740993}]}')).toEqual({ a: [{ b: 9007199254740993n }] });
  });
  test("takes __proto__ for an ordinary name", () => {
    const parsed = parseJson('{"__proto__":{"polluted":true}}');
    expect(Object.keys(parsed as object)).toEqual(["__proto__"]);
    expect("polluted" in {}).toBe(false);
  });
  test("reads escapes, white space, and a name's last value", () => {
    expect(parseJson(' { "a\\u0041\\/\\"" : [ 1 ,\r\n\t-2 , [ ] , { } ] , "b":1, "b":"\\\\" } ')).toEqual({
      'aA/"': [1n, -2n, [], {}],
      b: "\\",
    });
  });
  test.each([[""], ["{"], ["[1,]"], ["01"], ["NaN"], ["'a'"], ["{}{}"]])("refuses %j", (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});

describe("writeJson", () => {
  test("writes bigint as a number and leaves undefined members out", () => {
    expect(writeJson({ seq: 18446744073709551615n, gone: undefined, list: [1n, 2] })).toBe(
      '{"seq":18446744073709551615,"list":[1,2]}',
    );
  });
  test("indents when asked to", () => expect(writeJson({ a: 1n }, 2)).toBe('{\n  "a": 1\n}'));
});
