/**
 * Invariant: what a killed restic of ours leaves in the way goes without help; what may be the lock of somebody who lives
 * stays. With the real restic.
 */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { layCheapRepository } from "../../tests/support/cheap-repository.ts";
import { failureOf } from "../../tests/support/failure-of.ts";
import { makeWorkbench, programEnvironment, type Workbench } from "../../tests/support/restic.ts";
import type { Here } from "./lock-owner.ts";
import { openOwnRuns, readHere } from "./own-runs.ts";
import { pastLeftLocks } from "./past-locks.ts";
import type { Repository } from "./restic.ts";
import { openRestic } from "./runner.ts";
import { pruneRepository } from "./upkeep.ts";

let bench: Workbench;
let repository: Repository;
let snapshots: string[];
const signal = new AbortController().signal;

beforeEach(async () => {
  bench = await makeWorkbench();
  repository = bench.open();
  await bench.write({ "a.txt": "hello" });
  await layCheapRepository(join(bench.directory, "repository"), "correct horse");
  snapshots = [await backUp(repository), await backUp(repository)];
});
afterEach(async () => await bench[Symbol.asyncDispose]());

async function backUp(through: Repository): Promise<string> {
  return (await through.backup({ directory: bench.source, host: "h", tags: [] }, { signal })).snapshotId;
}

const locks = async (): Promise<string[]> => (await readdir(join(bench.directory, "repository/locks"))).sort();
const records = async (): Promise<string[]> => await readdir(join(bench.directory, "cache/runs"));

interface Stopped {
  readonly lock: string;
  /** Ends it or lets it go on; what its call threw. */
  end(how: "SIGKILL" | "SIGCONT"): Promise<unknown>;
}

/** Starts a call of restic, which is stopped while it holds its lock. */
async function stopWithLock(call: (through: Repository) => Promise<unknown>): Promise<Stopped> {
  const before = await locks();
  for (;;) {
    const note = join(bench.directory, `pid-${crypto.randomUUID()}`);
    const program = `${note}-restic`;
    await writeFile(program, `#!/bin/sh\necho $$ >'${note}'\nexec restic "$@"\n`, { mode: 0o755 });
    const outcome = call(bench.open({ program })).then(
      () => undefined,
      (error: unknown) => error,
    );
    // a name of 64 digits: until then it is being written
    const made = async () => (await locks()).find((name) => /^[0-9a-f]{64}$/.test(name) && !before.includes(name));
    let lock: string | undefined;
    const ended = outcome.then(() => "ended");
    while (lock === undefined && (await Promise.race([ended, sleep(1)])) !== "ended") lock = await made();
    if (lock === undefined) continue;
    const pid = Number(await readFile(note, "utf8"));
    process.kill(pid, "SIGSTOP");
    const end = async (how: NodeJS.Signals): Promise<unknown> => {
      process.kill(pid, how);
      return await outcome;
    };
    if ((await made()) === lock) return { lock, end };
    // a slow machine: it was over before it was stopped
    await end("SIGCONT");
  }
}

const exclusive: readonly [string, (through: Repository) => Promise<unknown>][] = [
  ["forget", (through) => through.forget(snapshots.slice(0, 1), { signal })],
  ["prune", (through) => through.prune({ signal })],
];

async function read(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of bytes) length += chunk.length;
  return length;
}

// Without /proc (macOS) nobody knows.
describe.skipIf(readHere() === undefined)("past locks", () => {
  test.each(exclusive)(
    "a killed %s is in nobody's way",
    async (_name, call) => {
      const calls: readonly (() => Promise<unknown>)[] = [
        () => backUp(repository),
        () => repository.rewrite(snapshots[1] ?? "", { host: "new" }, { signal }),
        () => read(repository.dump(snapshots[1] ?? "", "/", { signal })),
        () =>
          repository.extract(
            snapshots[1] ?? "",
            { include: ["/a.txt"], target: join(bench.directory, "out") },
            { signal },
          ),
        () => repository.readFile(snapshots[1] ?? "", "/a.txt", { signal }),
        () => repository.forget([], { signal }),
        () => repository.forget(snapshots.slice(0, 1), { signal }),
        () => repository.prune({ signal }),
      ];
      for (const next of calls) {
        const killed = await stopWithLock(call);
        expect(await killed.end("SIGKILL")).toMatchObject({ code: "repository-failed" });
        expect(await locks()).toEqual([killed.lock]);
        await next();
        await repository.prune({ signal });
        expect(await locks()).toEqual([]);
      }
    },
    60_000,
  );

  test("a killed backup is not in the way of a prune", async () => {
    const killed = await stopWithLock(backUp);
    await killed.end("SIGKILL");
    expect(await locks()).toEqual([killed.lock]);
    await repository.prune({ signal });
    expect(await locks()).toEqual([]);
  });

  test("a run that lives keeps its lock, and that of a killed one beside it", async () => {
    const killed = await stopWithLock(backUp);
    await killed.end("SIGKILL");
    const living = await stopWithLock(backUp);
    for (const [, call] of exclusive) {
      expect(await failureOf(call(repository))).toMatchObject({ code: "repository-locked", exit: 11 });
      expect(await locks()).toEqual([killed.lock, living.lock].sort());
    }
    expect(await living.end("SIGCONT")).toBeUndefined();
    await repository.prune({ signal });
    expect(await locks()).toEqual([]);
  });

  test("a run that lives keeps the lock that it holds alone", async () => {
    const living = await stopWithLock((through) => through.prune({ signal }));
    expect(await failureOf(backUp(repository))).toMatchObject({ code: "repository-locked" });
    expect(await locks()).toEqual([living.lock]);
    expect(await living.end("SIGCONT")).toBeUndefined();
  });

  test("a lock without a record stays", async () => {
    const killed = await stopWithLock((through) => through.prune({ signal }));
    await killed.end("SIGKILL");
    expect(await records()).toHaveLength(1);
    await rm(join(bench.directory, "cache/runs"), { recursive: true });
    expect(await failureOf(backUp(repository))).toMatchObject({ code: "repository-locked" });
    expect(await locks()).toEqual([killed.lock]);
    await repository.unlock({ signal });
    await backUp(repository);
  });

  const later = { boot: "the-next", booted: new Date(Date.now() + 3_600_000) };
  test.each<[string, Partial<Here>, "healed" | "kept"]>([
    ["here", {}, "healed"],
    ["after a start of the machine", { ...later, machine: "m" }, "healed"],
    [
      "after a start of the machine, from another PID namespace",
      { ...later, machine: "m", namespace: "pid:[1]" },
      "healed",
    ],
    ["in another PID namespace", { namespace: "pid:[1]" }, "kept"],
    ["on another machine", { ...later, machine: "another" }, "kept"],
    ["under another host name", { host: "another" }, "kept"],
  ])("the lock of a killed run, met %s", async (_title, change, expected) => {
    const machine = "m";
    const restic = openRestic({
      url: join(bench.directory, "repository"),
      password: { kind: "text", text: "correct horse" },
      baseEnv: programEnvironment(bench.directory),
    });
    const folder = join(bench.directory, "cache/runs");
    const killed = await stopWithLock((through) => through.prune({ signal }));
    await killed.end("SIGKILL");
    const [name = ""] = await records();
    const record = JSON.parse(await readFile(join(folder, name), "utf8"));
    await writeFile(join(folder, name), JSON.stringify({ ...record, machine }));

    const here = readHere();
    const look = () => (here === undefined ? undefined : { ...here, machine, ...change });
    const there = { ...restic, runs: openOwnRuns(folder, restic.shown, look) };
    const pruned = pastLeftLocks(there)(() => pruneRepository(there, { signal }), { signal });
    if (expected === "healed") await pruned;
    else expect(await failureOf(pruned)).toMatchObject({ code: "repository-locked" });
    expect(await locks()).toEqual(expected === "healed" ? [] : [killed.lock]);
  });
});
