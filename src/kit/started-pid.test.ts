import { expect, test } from "vitest";
import { runProgram } from "./program.ts";
import { startedPid } from "./started-pid.ts";

const env = { PATH: "/usr/bin:/bin" };
const say = () => runProgram("sh", ["-c", "echo $$"], { env });

test("knows the process that a call starts, beside others", async () => {
  const before = say();
  const { result, pid } = startedPid(say);
  await before;
  expect((await result).stdout).toBe(`${pid}\n`);
});

test.each([
  ["none", () => []],
  ["two", () => [say(), say()]],
  ["one that does not exist", () => [runProgram("no-such-program", [], { env }).catch(() => undefined)]],
])("knows nothing of %s", async (_title, start) => {
  const { result, pid } = startedPid(start);
  await Promise.all(result);
  expect(pid).toBeUndefined();
});
