import { expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { failureLines } from "./failure-text.ts";

test.each([
  [
    "a hint is on a line of its own",
    new Failure("timed-out", "waiting for A", { hint: "try later" }),
    ["coldstream: waiting for A", "  try later"],
  ],
  ["without a hint there is one line", new Failure("timed-out", "waiting for A"), ["coldstream: waiting for A"]],
  ["an empty hint is none", new Failure("usage", "x", { hint: "" }), ["coldstream: x"]],
  [
    "line ends of causes become spaces",
    new Failure("timed-out", "a", { cause: new Error("b\n\tc") }),
    ["coldstream: a: b c"],
  ],
  [
    "an interruption says what it left",
    new Failure("interrupted", "interrupted", { cause: new Error("restic was killed") }),
    ["coldstream: interrupted; nothing half-done was left"],
  ],
])("%s", (_title, failure, lines) => expect(failureLines(failure)).toEqual(lines));

test("a program's whole output is cut", () => {
  const [line] = failureLines(new Failure("program-failed", "x".repeat(5000)));
  expect(line?.length).toBeLessThan(650);
});
