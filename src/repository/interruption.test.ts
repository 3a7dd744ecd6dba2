import { spawnSync } from "node:child_process";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { makeWorkbench, noise, type Workbench } from "../../tests/support/restic.ts";
import { runProgram } from "../kit/program.ts";
import type { Repository } from "./restic.ts";

let bench: Workbench;
let repository: Repository;
let snapshot: string;

beforeAll(async () => {
  bench = await makeWorkbench();
  repository = bench.open();
  await bench.write({ "a.txt": "hello" });
  await repository.initialize({});
  ({ snapshotId: snapshot } = await repository.backup({ directory: bench.source, host: "h", tags: [] }, {}));
});
afterAll(async () => await bench[Symbol.asyncDispose]());

/** A restic whose name is a script: it notes its process id and becomes restic. */
async function notedRestic(): Promise<{ readonly program: string; pid(): Promise<number> }> {
  const [program, note] = [join(bench.directory, "noted-restic"), join(bench.directory, "pid")];
  await writeFile(program, `#!/bin/sh\necho $$ >'${note}'\nexec restic "$@"\n`, { mode: 0o755 });
  await rm(note, { force: true });
  return {
    program,
    async pid() {
      for (;;) {
        const text = await readFile(note, "utf8").catch(() => "");
        if (text.endsWith("\n")) return Number(text);
        await sleep(10);
      }
    },
  };
}

/** restic waits for ever for what is written into a pipe in the folder. Fifos are not read, so: a slow, large file. */
async function slowSource(): Promise<string> {
  const directory = join(bench.directory, "slow");
  await mkdir(directory, { recursive: true });
  const file = await open(join(directory, "sparse"), "w");
  await file.truncate(8_000_000_000);
  await file.close();
  return directory;
}

test("an abort ends restic, leaves no lock, and is `interrupted`", async () => {
  const { program, pid } = await notedRestic();
  const stop = new AbortController();
  const request = { directory: await slowSource(), host: "h", tags: [] };
  const failing = failureOf(bench.open({ program }).backup(request, { signal: stop.signal }));
  const child = await pid();
  await sleep(1_500);
  stop.abort();
  expect(await failing).toMatchObject({ code: "interrupted", exit: 130 });
  expect(() => process.kill(child, 0)).toThrow("ESRCH");
  expect(await repository.locks({})).toEqual([]);
  expect(await repository.snapshots({}, {})).toHaveLength(1);
});

test("a killed restic is a failure", async () => {
  const { program, pid } = await notedRestic();
  const request = { directory: await slowSource(), host: "h", tags: [] };
  const failing = failureOf(bench.open({ program }).backup(request, {}));
  const child = await pid();
  await sleep(1_000);
  process.kill(child, "SIGKILL");
  expect(await failing).toMatchObject({ code: "repository-failed", message: expect.stringContaining("SIGKILL") });
  await repository.unlock({ all: true });
});

test("a file that cannot be read fails the backup and names what restic left", async () => {
  const fake = join(bench.directory, "half-restic");
  // As root every file can be read: the real restic's words, from a stand-in.
  const summary = JSON.stringify({
    message_type: "summary",
    ...Object.fromEntries(
      ["new", "changed", "unmodified"].flatMap((kind) => [
        [`files_${kind}`, 1],
        [`dirs_${kind}`, 0],
      ]),
    ),
    ...{ data_blobs: 1, tree_blobs: 1, data_added: 1, total_files_processed: 3, total_bytes_processed: 3 },
    snapshot_id: snapshot,
  });
  const error = {
    message_type: "error",
    error: { message: "open /x: permission denied" },
    during: "archival",
    item: "/x",
  };
  const lines = `echo '${summary}'; echo '${JSON.stringify(error)}' >&2`;
  await writeFile(fake, `#!/bin/sh\n${lines}\nexit 3\n`, { mode: 0o755 });
  const request = { directory: bench.source, host: "h", tags: [] };
  const failure = await failureOf(bench.open({ program: fake }).backup(request, {}));
  expect(failure.details).toEqual({ exitCode: 3, errors: ["/x: open /x: permission denied"], snapshot });
});

const canMount = process.getuid?.() === 0 && spawnSync("mount", ["--version"]).status === 0;
test.skipIf(!canMount)("a full disk is `disk-full`", async () => {
  const url = join(bench.directory, "small");
  await mkdir(url);
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
  const mounted = await runProgram("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", url], { env });
  if (mounted.exitCode !== 0) return expect(mounted.stderr).toMatch(/denied|permit/i);
  try {
    const small = bench.open({ url });
    await small.initialize({});
    await bench.write({ "more.blk": noise(6_000_000, 2) });
    const request = { directory: bench.source, host: "h", tags: [] };
    expect(await failureOf(small.backup(request, {}))).toMatchObject({ code: "disk-full", exit: 1 });
  } finally {
    await runProgram("umount", [url], { env });
  }
});
