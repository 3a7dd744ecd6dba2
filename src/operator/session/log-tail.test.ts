import { expect, test } from "vitest";
import { withLog } from "./log-tail.ts";

test("the end of a log is 20 lines and no page", () => {
  const lines = Array.from({ length: 50 }, (_, line) => `line ${line}`);
  expect(withLog("it crashed", `${lines.join("\n")}\n\n`)).toBe(
    `it crashed; the end of its log:\n${lines.slice(30).join("\n")}`,
  );
  expect(withLog("it crashed", "x".repeat(10_000)).length).toBeLessThan(2100);
  expect(withLog("it crashed", "\n")).toBe("it crashed");
});
