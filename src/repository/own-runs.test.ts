import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runProgram } from "../kit/program.ts";
import { type OwnRuns, openOwnRuns, readHere, runsFolder } from "./own-runs.ts";

let directory: string;
let folder: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "coldstream-runs-"));
  folder = join(directory, "a/runs");
});
afterEach(async () => await rm(directory, { recursive: true, force: true }));

describe("the folder of records", () => {
  test.each([
    ["beside restic's cache", "/c", { HOME: "/home/jo" }, "/c/runs"],
    ["in the user's caches", undefined, { XDG_CACHE_HOME: "/x", HOME: "/home/jo" }, "/x/coldstream/runs"],
    ["in the home", undefined, { HOME: "/home/jo" }, "/home/jo/.cache/coldstream/runs"],
    [
      "in the home, when the caches' folder is relative",
      undefined,
      { XDG_CACHE_HOME: "x", HOME: "/h" },
      "/h/.cache/coldstream/runs",
    ],
    ["nowhere", undefined, { HOME: "" }, undefined],
  ])("is %s", (_title, cache, env, expected) => expect(runsFolder(cache, env)).toBe(expected));
});

const env = { PATH: "/usr/bin:/bin" };
/** Runs it to its end, followed. */
async function run(runs: OwnRuns, script: string, whileIt: () => Promise<void> = async () => {}) {
  using followed = runs.follow();
  const running = runProgram("sh", ["-c", script], { env, onStart: followed.onStart });
  await whileIt();
  const end = await running;
  await followed.end(end.exitCode);
  return end;
}

// Without /proc (macOS) there are no records.
describe.skipIf(readHere() === undefined)("a run", () => {
  test.each([
    ["done", "exit 0", false],
    ["refused for a lock", "exit 11", false],
    ["interrupted", "exit 130", false],
    ["failed on the way", "exit 1", true],
    ["crashed", "exit 2", true],
    ["killed", "kill -9 $$", true],
  ])("%s", async (_title, script, isKept) => {
    const runs = openOwnRuns(folder, "/r");
    await run(runs, script);
    expect(await readdir(folder)).toHaveLength(isKept ? 1 : 0);
    expect(await runs.hasEnded()).toBe(isKept);
    expect(await openOwnRuns(folder, "/another").hasEnded()).toBe(false);
  });

  test("is recorded while it lives, for this user's eyes", async () => {
    const runs = openOwnRuns(folder, "/r");
    await run(runs, `while [ ! -e ${directory}/go ]; do sleep 0.05; done`, async () => {
      await expect.poll(async () => (await readdir(folder).catch(() => [])).length).toBe(1);
      const [name = ""] = await readdir(folder);
      const modes = [(await stat(folder)).mode & 0o777, (await stat(join(folder, name))).mode & 0o777];
      expect(modes).toEqual([0o700, 0o600]);
      expect(await runs.hasEnded()).toBe(false);
      await writeFile(join(directory, "go"), "");
    });
  });

  test("goes on where it cannot be recorded", async () => {
    await writeFile(join(directory, "a"), "no folder");
    expect((await run(openOwnRuns(folder, "/r"), "echo done")).stdout).toBe("done\n");
    expect(await openOwnRuns(folder, "/r").hasEnded()).toBe(false);
  });

  test("removes records of a week ago, and stands no torn one in the way", async () => {
    await mkdir(folder, { recursive: true });
    for (const name of ["old.json", "torn.json"]) await writeFile(join(folder, name), '{"pid":');
    const then = new Date(Date.now() - 8 * 24 * 3_600_000);
    await utimes(join(folder, "old.json"), then, then);
    const runs = openOwnRuns(folder, "/r");
    await run(runs, "exit 0");
    expect(await readdir(folder)).toEqual(["torn.json"]);
    expect(await runs.hasEnded()).toBe(false);
  });

  test("leaves nothing without a folder", async () => {
    const runs = openOwnRuns(undefined, "/r");
    await run(runs, "exit 2");
    expect(await runs.hasEnded()).toBe(false);
  });
});
