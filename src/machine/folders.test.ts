import { mkdir, mkdtemp, open, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { prepareHostPath } from "./host-path.ts";
import { untilFull, usedBytes } from "./space.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "coldstream-folders-"));
  await mkdir(join(root, "folder"));
  await writeFile(join(root, "file"), "");
});
afterAll(async () => await rm(root, { recursive: true }));

describe("prepareHostPath", () => {
  test.each([
    ["folder", "", undefined],
    ["made", "", undefined],
    ["file", "", undefined],
    ["made/below", "DirectoryOrCreate", undefined],
    ["file", "DirectoryOrCreate", "cannot be made (EEXIST)"],
    ["new-file", "FileOrCreate", undefined],
    ["folder", "FileOrCreate", "cannot be made (EISDIR)"],
    ["folder", "Directory", undefined],
    ["file", "Directory", "is not a directory"],
    ["absent", "Directory", "is not there"],
    ["file", "File", undefined],
    ["folder", "File", "is not a file"],
    ["absent", "Socket", "is not there"],
  ])("says of %s as %j: %s", async (name, type, problem) => {
    const path = join(root, name);
    const expected = problem === undefined ? undefined : `hostPath type check failed: ${path} ${problem}`;
    expect(await prepareHostPath({ path, type })).toBe(expected);
  });
});

describe("space", () => {
  test("counts what lies on the disk: no holes, nothing behind a link", async () => {
    const folder = join(root, "space");
    await mkdir(join(folder, "below"), { recursive: true });
    await writeFile(join(folder, "below", "real"), Buffer.alloc(100_000, 1));
    await symlink("/usr", join(folder, "link"));
    const sparse = await open(join(folder, "sparse"), "w");
    await sparse.truncate(2 ** 40);
    await sparse.close();
    const { blocks } = await stat(join(folder, "below", "real"));
    expect(await usedBytes(folder)).toBeLessThan(blocks * 512 + 20_000);
    expect(await usedBytes(folder)).toBeGreaterThanOrEqual(100_000);
    expect(await usedBytes(join(root, "none"))).toBe(0);
  });

  test("says which volume is full", async () => {
    const limit = { path: join(root, "space"), limitBytes: 50_000, what: 'emptyDir "tmp"' };
    const signal = AbortSignal.timeout(20_000);
    expect(await untilFull([{ ...limit, limitBytes: 2 ** 30 }, limit], { signal })).toMatch(
      /^emptyDir "tmp" is full: it holds .* KiB, more than its 48.828 KiB; ask for more storage$/,
    );
  });

  test("says nothing when it is no longer asked", async () => {
    const limit = { path: join(root, "space"), limitBytes: 2 ** 30, what: "x" };
    expect(await untilFull([limit], { signal: AbortSignal.timeout(50) })).toBeUndefined();
    expect(await untilFull([], { signal: AbortSignal.timeout(50) })).toBeUndefined();
  });
});
