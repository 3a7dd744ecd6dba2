import { expect, test } from "vitest";
import { sleepMs } from "./sleep.ts";

test.each([
  ["what is due is not waited for", -5, 0],
  ["a moment is waited for in one go", 1500, 1500],
  ["a night is not", 8 * 3_600_000, 60_000],
  ["nor what no timer takes", 2 ** 40, 60_000],
])("%s", (_title, left, expected) => expect(sleepMs(left)).toBe(expected));
