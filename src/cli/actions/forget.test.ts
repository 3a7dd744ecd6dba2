import { expect, test } from "vitest";
import { Failure } from "../../kit/failures.ts";
import { rules } from "../commands/forget.ts";
import { readValues } from "../option.ts";
import { readPolicy } from "./forget.ts";

test.each([
  [{ keepLast: ["3"] }, { keepLast: 3 }],
  [
    { keepDaily: ["7"], keepWithin: ["2y5m7d3h"], keepTags: ["a", "b"] },
    { keepDaily: 7, keepWithin: "2y5m7d3h", keepTags: ["a", "b"] },
  ],
])("%j becomes a policy without empty rules", (given, policy) =>
  expect(readPolicy(readValues(rules, given))).toEqual(policy),
);

test("no rule is refused: everything would go", () =>
  expect(() => readPolicy(readValues(rules, {}))).toThrow("no rule says what to keep"));

test.each([
  { keepWithin: ["7"] },
  { keepWithin: ["1w"] },
  { keepTags: [""] },
  { keepTags: ["a,b"] },
  { keepLast: ["-1"] },
])("%j is refused", (given) => expect(() => readValues(rules, given)).toThrow(Failure));
