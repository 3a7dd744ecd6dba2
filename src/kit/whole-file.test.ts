import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writeWhole } from "./whole-file.ts";

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "whole-file-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test("a file takes the place of the one before, in a folder that is made for it", async () => {
  const path = join(await folder(), "deep/down/file");
  await writeWhole(path, "old");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await writeWhole(path, Buffer.from("new"), { mode: 0o666, flush: true });
  expect(await readFile(path, "utf8")).toBe("new");
  expect((await stat(path)).mode & 0o777).toBe(0o666);
  expect(await readdir(join(path, ".."))).toEqual(["file"]);
});

test("what was there stays where the new one cannot take its place, and nothing lies beside it", async () => {
  const path = join(await folder(), "file");
  await writeWhole(join(path, "old"), "old");
  await expect(writeWhole(path, "new")).rejects.toThrow("EISDIR");
  expect(await readdir(path)).toEqual(["old"]);
  expect(await readdir(join(path, ".."))).toEqual(["file"]);
});
