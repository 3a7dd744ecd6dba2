import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, open, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { findProgram } from "../../tests/support/programs.ts";
import { makeWorkbench, noise, programEnvironment, type Workbench } from "../../tests/support/restic.ts";
import type { Repository } from "./restic.ts";

let bench: Workbench;
let repository: Repository;
let snapshot: string;

beforeAll(async () => {
  bench = await makeWorkbench();
  repository = bench.open();
  await bench.write({ "a.txt": "hello", "big.blk": noise(3_000_000, 1) });
  await repository.initialize({});
  ({ snapshotId: snapshot } = await repository.backup({ directory: bench.source, host: "h", tags: [] }, {}));
});
afterAll(async () => await bench[Symbol.asyncDispose]());

async function readAll(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const chunk of bytes) size += chunk.length;
  return size;
}

/** A restic that reads from a pipe which we hold: it keeps its shared lock until `release`. */
async function holdLock(): Promise<{ readonly pid: number; release(signal?: NodeJS.Signals): Promise<void> }> {
  const env = { ...programEnvironment(bench.directory), RESTIC_REPOSITORY: join(bench.directory, "repository") };
  const child = spawn("restic", ["backup", "--stdin", "--cache-dir", join(bench.directory, "cache")], {
    env: { ...env, RESTIC_PASSWORD: "correct horse" },
    stdio: ["pipe", "ignore", "ignore"],
  });
  const locks = join(bench.directory, "repository/locks");
  // It lies there under another name while it is being written.
  while (!(await readdir(locks)).some((name) => /^[0-9a-f]{64}$/.test(name))) await sleep(20);
  return {
    pid: child.pid ?? 0,
    async release(signal = "SIGTERM") {
      const gone = once(child, "exit");
      child.kill(signal);
      // restic notices the signal when its read ends.
      child.stdin.destroy();
      await gone;
    },
  };
}

describe("a repository that does not open", () => {
  test("wrong password", async () => {
    const wrong = bench.open({ password: { kind: "text", text: "incorrect" } });
    expect(await failureOf(wrong.probe({}))).toMatchObject({ code: "password-wrong", exit: 12 });
  });

  test.each([
    ["a password file", { kind: "file", path: "password" }],
    ["a password command", { kind: "command", command: "echo correct horse" }],
  ] as const)("opens with %s", async (_title, password) => {
    const path = join(bench.directory, "password");
    await writeFile(path, "correct horse\n");
    const given = password.kind === "file" ? { ...password, path } : password;
    expect(await bench.open({ password: given }).probe({})).toBe("present");
  });

  test.each([
    ["a password file that is not there", { kind: "file", path: "/no/such/file" }],
    ["a password command that fails", { kind: "command", command: "false" }],
  ] as const)("%s", async (_title, password) => {
    expect(await failureOf(bench.open({ password }).probe({}))).toMatchObject({ code: "credentials-unreadable" });
  });

  test("absent: probe says so, everything else fails", async () => {
    const absent = bench.open({ url: join(bench.directory, "absent") });
    expect(await absent.probe({})).toBe("absent");
    const failure = await failureOf(absent.snapshots({}, {}));
    expect(failure).toMatchObject({ code: "repository-absent", exit: 10 });
    expect(failure.message).toContain(absent.url);
  });

  test("a folder with other things is neither opened nor made one", async () => {
    const url = join(bench.directory, "other");
    await mkdir(join(url, "photos"), { recursive: true });
    expect(await bench.open({ url }).probe({})).toBe("absent");
    expect(await failureOf(bench.open({ url }).initialize({}))).toMatchObject({ code: "plan-refused" });
    expect(await readdir(url)).toEqual(["photos"]);
  });

  test("what an interrupted init left is completed", async () => {
    const url = join(bench.directory, "begun");
    for (const name of ["data", "index", "keys", "locks", "snapshots"])
      await mkdir(join(url, name), { recursive: true });
    await bench.open({ url }).initialize({});
    expect(await bench.open({ url }).probe({})).toBe("present");
  });

  test("a path through a file fails at once, not after minutes", async () => {
    for (const url of [join(bench.source, "a.txt"), join(bench.source, "a.txt/below")]) {
      const failure = await failureOf(bench.open({ url }).probe({}));
      expect(failure).toMatchObject({ code: "configuration-invalid" });
      expect(failure.tookMs).toBeLessThan(5_000);
    }
  });

  test("restic is not there", async () => {
    const failure = await failureOf(bench.open({ baseEnv: { PATH: "/nowhere" } }).probe({}));
    expect(failure).toMatchObject({
      code: "program-missing",
      exit: 15,
      hint: expect.stringContaining("install restic"),
    });
  });

  test.each([
    ["an empty password", { password: { kind: "text", text: "" } }],
    ["an empty address", { url: "" }],
  ] as const)("%s is refused before restic runs", (_title, changes) => {
    expect(() => bench.open(changes)).toThrow(expect.objectContaining({ code: "configuration-invalid" }));
  });
});

describe("locks", () => {
  test("beside a live backup reading works, removing is refused", async () => {
    const other = await holdLock();
    try {
      expect(await failureOf(repository.forget([snapshot], {}))).toMatchObject({ code: "repository-locked", exit: 11 });
      expect(await failureOf(repository.prune({}))).toMatchObject({ code: "repository-locked" });
      expect(await repository.snapshots({}, {})).toHaveLength(1);
      expect(await repository.locks({})).toMatchObject([{ exclusive: false, pid: other.pid }]);
      expect(await repository.check({})).toMatchObject({ ok: true });
    } finally {
      await other.release();
    }
    expect(await repository.locks({})).toEqual([]);
    // where restic met the end of its input before the signal it made a snapshot, which the tests below do not expect
    const more = (await repository.snapshots({}, {})).filter(({ id }) => id !== snapshot);
    if (more.length > 0)
      await repository.forget(
        more.map(({ id }) => id),
        {},
      );
  });

  test("one left by a killed restic goes with unlock", async () => {
    const other = await holdLock();
    await other.release("SIGKILL");
    expect(await repository.locks({})).toHaveLength(1);
    await repository.unlock({});
    expect(await repository.locks({})).toEqual([]);
  });
});

describe("damage", () => {
  async function damagedCopy(harm: (pack: string) => Promise<void>): Promise<Repository> {
    const url = join(bench.directory, `damaged-${Math.random()}`);
    await cp(join(bench.directory, "repository"), url, { recursive: true });
    const packs = await readdir(join(url, "data"), { recursive: true, withFileTypes: true });
    const files = packs.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const sized = await Promise.all(files.map(async (path) => ({ path, size: (await stat(path)).size })));
    await harm(sized.sort((a, b) => b.size - a.size)[0]?.path ?? "");
    return bench.open({ url });
  }

  test("a missing pack is found by check, and by reading", async () => {
    const damaged = await damagedCopy((pack) => rm(pack));
    const { ok, errors } = await damaged.check({});
    expect({ ok, errors }).toEqual({
      ok: false,
      errors: [expect.stringMatching(/^pack [0-9a-f]{64}: does not exist$/)],
    });
    expect(await failureOf(readAll(damaged.dump(snapshot, "/", {})))).toMatchObject({ code: "damaged", exit: 5 });
  });

  test("a changed byte is found by reading, and by a check that reads", async () => {
    const damaged = await damagedCopy(async (pack) => {
      await using file = await open(pack, "r+");
      await file.write(Buffer.from("XXXX"), 0, 4, 1_000);
    });
    expect(await damaged.check({})).toMatchObject({ ok: true });
    const report = await damaged.check({ readDataSubset: "100%" });
    expect(report).toMatchObject({ ok: false, brokenPacks: [expect.stringMatching(/^[0-9a-f]{64}$/)] });
    expect(report.errors).toHaveLength(1);
    expect(await failureOf(damaged.readFile(snapshot, "/big.blk", {}))).toMatchObject({ code: "damaged" });
    const target = join(bench.directory, "damaged-target");
    expect(await failureOf(damaged.extract(snapshot, { include: ["/big.blk"], target }, {}))).toMatchObject({
      code: "damaged",
    });
  });

  test("a pack that is cut short is damage, whatever reads it", async () => {
    const damaged = await damagedCopy(async (pack) => {
      await chmod(pack, 0o600);
      await truncate(pack, 100_000);
    });
    expect(await damaged.check({})).toMatchObject({ ok: false });
    expect(await failureOf(readAll(damaged.dump(snapshot, "/", {})))).toMatchObject({ code: "damaged", exit: 5 });
    const target = join(bench.directory, "short-target");
    const extracting = damaged.extract(snapshot, { include: ["/big.blk"], target }, {});
    expect(await failureOf(extracting)).toMatchObject({ code: "damaged" });
  });

  test("a snapshot that cannot be read is not passed over as if there were none", async () => {
    const url = join(bench.directory, "rotten");
    await cp(join(bench.directory, "repository"), url, { recursive: true });
    // another machine's cache: restic keeps what it wrote, and would not look
    const damaged = bench.open({ url, cacheDirectory: join(bench.directory, "rotten-cache") });
    const { snapshotId } = await bench.open({ url }).backup({ directory: bench.source, host: "h", tags: [] }, {});
    const file = join(url, "snapshots", snapshotId);
    await chmod(file, 0o600);
    await truncate(file, 100);
    expect(await failureOf(damaged.snapshots({}, {}))).toMatchObject({
      code: "damaged",
      message: expect.stringContaining(snapshotId),
    });
    expect(await failureOf(damaged.snapshots({ ids: [snapshotId] }, {}))).toMatchObject({ code: "damaged" });
    expect(await failureOf(damaged.readFile(snapshotId, "/a.txt", {}))).toMatchObject({ code: "damaged" });
    expect(await failureOf(damaged.rewrite(snapshotId, { host: "x" }, {}))).toMatchObject({ code: "damaged" });
    expect(await damaged.snapshots({ ids: [snapshot] }, {})).toMatchObject([{ id: snapshot }]);
    expect(await failureOf(damaged.forget([snapshotId], {}))).toMatchObject({ code: "damaged" });
    await rm(file);
    expect(await damaged.snapshots({}, {})).toMatchObject([{ id: snapshot }]);
  });

  test("what hinders a check is thrown, not reported as damage", async () => {
    const wrong = bench.open({ password: { kind: "text", text: "incorrect" } });
    expect(await failureOf(wrong.check({}))).toMatchObject({ code: "password-wrong" });
  });
});

test("the password is not in the arguments", async () => {
  const spy = join(bench.directory, "spy");
  const note = join(bench.directory, "arguments");
  await writeFile(spy, `#!/bin/sh\necho "$@" >'${note}'\nexec '${findProgram("restic")}' "$@"\n`, { mode: 0o755 });
  await bench.open({ program: spy }).probe({});
  const text = await readFile(note, "utf8");
  expect(text).not.toContain("correct horse");
  expect(text).toMatch(/^cat --json --cache-dir \S+ config --no-lock\n$/);
});
