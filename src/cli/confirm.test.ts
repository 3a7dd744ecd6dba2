import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { confirmOn } from "./confirm.ts";

function terminal({ isTTY = true } = {}) {
  return Object.assign(new PassThrough(), { isTTY });
}
const never = new AbortController().signal;

describe("on a terminal", () => {
  test.each([
    ["y", "yes"],
    ["YES", "yes"],
    [" yes ", "yes"],
    ["", "no"],
    ["n", "no"],
    ["yesterday", "no"],
  ])("the answer %j means %s", async (typed, answer) => {
    const [input, output] = [terminal(), terminal()];
    const asked = confirmOn(input, output, never)("Remove 3 snapshots?");
    input.write(`${typed}\n`);
    expect(await asked).toBe(answer);
    expect(String(output.read())).toContain("Remove 3 snapshots? [y/N] ");
  });

  test("an interruption ends the question", async () => {
    const controller = new AbortController();
    const asked = confirmOn(terminal(), terminal(), controller.signal)("Sure?");
    controller.abort(new Failure("interrupted", "interrupted"));
    expect(Failure.from(await asked.catch((error: unknown) => error)).code).toBe("interrupted");
  });

  test("the end of input is no answer, and no", async () => {
    const input = terminal();
    const asked = confirmOn(input, terminal(), never)("Sure?");
    input.end();
    expect(await asked).toBe("no");
  });
});

test.each([
  ["input", terminal({ isTTY: false }), terminal()],
  ["output", terminal(), terminal({ isTTY: false })],
])("without a terminal for %s nobody is asked", async (_title, input, output) => {
  expect(await confirmOn(input, output, never)("Sure?")).toBe("no-terminal");
  expect(output.read()).toBeNull();
});
