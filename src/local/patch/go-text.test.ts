import { expect, test } from "vitest";
import type { JsonValue } from "../json.ts";
import { goText } from "./go-text.ts";

test.each<[JsonValue, string]>([
  [{}, "map[]"],
  [{ zz: 1 }, "map[zz:1]"],
  [{ b: { d: null }, a: ["x y", true, 1.5] }, "map[a:[x y true 1.5] b:map[d:<nil>]]"],
  ["text", "text"],
])("%j is to Go %s", (value, text) => expect(goText(value)).toBe(text));
