/**
 * Invariants: whatever stands in the way is told in one sentence with a hint, under its own exit status, and leaves
 * nothing half-done: no staging folder, no stream, no repository.
 */
import { execFileSync } from "node:child_process";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { streamNames } from "../../src/nats/streams.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { findProgram } from "../support/programs.ts";
import { createStream, openServer, publishMany } from "../support/streams.ts";
import { makeWorkbench, type Run, type RunOptions, type Workbench } from "./workbench.ts";

let server: TestServer;
let bench: Workbench;
/** Holds ORDERS, which the server has too, and GONE, which it has not. */
let snapshot: string;

beforeAll(async () => {
  server = await startNatsServer();
  bench = await makeWorkbench({ NATS_URL: server.url });
  await using opened = await openServer(server.url);
  await createStream(opened.jetstream, "ORDERS");
  await createStream(opened.jetstream, "GONE");
  await publishMany(opened.jetstream, "ORDERS", 500);
  const report = await bench.json("backup --init");
  await bench.cheapen();
  snapshot = (report as { shortId: string }).shortId;
  await opened.jetstream.request("STREAM.DELETE.GONE", undefined, { schema: (await import("zod")).z.unknown() });
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** One sentence, one hint, nothing on standard output, nothing left behind. */
async function expectRefusal(
  line: string,
  { exit, message, ...options }: RunOptions & { exit: number; message: RegExp },
) {
  const before = await bench.leftovers();
  const run = await bench.coldstream(line, options);
  expectOneSentence(run, message);
  expect(run).toMatchObject({ exit, stdout: "" });
  expect(await bench.leftovers()).toEqual(before);
  await using opened = await openServer(server.url);
  expect(await streamNames(opened.jetstream)).toEqual(["ORDERS"]);
}

function expectOneSentence({ stderr }: Run, message: RegExp): void {
  // what is being done may be said before; then comes the one failure
  const lines = stderr.split("\n").filter((line) => !/^(saving|restoring|saved|failed|checking|proving) /.test(line));
  expect(lines, stderr).toHaveLength(3);
  expect(lines[0]).toMatch(/^coldstream: [^ ]/);
  expect(lines[0]).toMatch(message);
  expect(lines[0]).not.toMatch(/\.$|\bat .*:\d+:\d+/);
  expect(lines[1]).toMatch(/^ {2}\S/);
  expect(lines[2]).toBe("");
}

describe("names", () => {
  test("a stream that the server lacks: 14", () => expectRefusal("backup NOPE", { exit: 14, message: /NOPE/ }));
  test("a stream that the snapshot lacks: 14", () =>
    expectRefusal("restore NOPE", { exit: 14, message: /stream NOPE is not in it/ }));
  test("a name that no stream can have: 2", () =>
    expectRefusal("backup a.b", { exit: 2, message: /"a\.b" cannot be the name of a stream/ }));
  test("a snapshot that is not there: 14", () =>
    expectRefusal("show 00000000", { exit: 14, message: /snapshot 00000000/ }));
  test("a snapshot that is no id: 14", () =>
    expectRefusal("restore --all --snapshot yesterday", { exit: 14, message: /snapshot yesterday/ }));
  test("an option that is not there: 2", () =>
    expectRefusal("backup --fast", { exit: 2, message: /unknown option '--fast'/ }));
});

describe("the repository", () => {
  test("with a wrong password: 12", () =>
    expectRefusal("backup", { exit: 12, message: /password/, env: { RESTIC_PASSWORD: "wrong" } }));
  test("without a password: 2", () =>
    expectRefusal("snapshots", { exit: 2, message: /no password/, env: { RESTIC_PASSWORD: "" } }));
  test("that does not exist: 10, and backup does not make it", () =>
    expectRefusal("backup --repo absent", { exit: 10, message: /no repository/ }));
  test("that does not exist, in a dry run: 10", () =>
    expectRefusal("backup --repo absent --dry-run", { exit: 10, message: /no repository/ }));
  test.each(["snapshots", "show", "proofs", "check", "unlock", "prove", "restore --all", "forget --keep-last 1 --yes"])(
    "that does not exist, for %s: 10",
    (line) => expectRefusal(`${line} --repo absent`, { exit: 10, message: /no repository/ }),
  );
  test("that nobody serves: 13", async () =>
    expectRefusal("snapshots", {
      exit: 13,
      message: /127\.0\.0\.1:\d+.*connection refused/,
      env: { RESTIC_REPOSITORY: "rest:http://127.0.0.1:1/" },
    }));
  test("made twice: 4", () => expectRefusal("init", { exit: 4, message: /already/ }));
  test("in a folder of other things: 4", async () => {
    await mkdir(join(bench.folder, "thesis"));
    await writeFile(join(bench.folder, "thesis/chapter.txt"), "years of work");
    await expectRefusal("init --repo thesis", { exit: 4, message: /thesis/ });
    await rm(join(bench.folder, "thesis"), { recursive: true });
  });
});

describe("the server", () => {
  test("that is away: 20", async () =>
    expectRefusal("backup -s nats://127.0.0.1:1", { exit: 20, message: /connection refused/ }));
  test("that does not exist: 20", () =>
    expectRefusal("backup -s nats://no-such-host.invalid", { exit: 20, message: /no-such-host\.invalid/ }));
  test("at an address that is none: 2", () => expectRefusal("backup -s http://x", { exit: 2, message: /http/ }));
  test("that wants another password: 21", async () => {
    await using guarded = await startNatsServer({ config: "authorization { user: me, password: right }" });
    await expectRefusal("backup", {
      exit: 21,
      message: /127\.0\.0\.1/,
      env: { NATS_URL: guarded.url, NATS_USER: "me", NATS_PASSWORD: "wrong" },
    });
  });
  test("without JetStream: 1", async () => {
    await using plain = await startNatsServer({ jetstream: "" });
    await expectRefusal("backup", { exit: 1, message: /JetStream/, env: { NATS_URL: plain.url } });
  });
  test("with JetStream, but not in this domain: 1", () =>
    expectRefusal("backup --js-domain elsewhere", { exit: 1, message: /JetStream/ }));
  test("without streams: 14", async () => {
    await using empty = await startNatsServer();
    await expectRefusal("backup", { exit: 14, message: /no streams/, env: { NATS_URL: empty.url } });
  });
});

describe("what would change something that is there", () => {
  test("a stream that exists: 4", () =>
    expectRefusal("restore ORDERS", { exit: 4, message: /stream ORDERS exists on the server/ }));
  test("one of several streams exists: 4, and the other is not restored", () =>
    expectRefusal(`restore --all --snapshot ${snapshot}`, { exit: 4, message: /ORDERS exists/ }));
  test("overwriting without a yes: 4, and what would go is shown", async () => {
    const run = await bench.coldstream("restore ORDERS --on-conflict overwrite");
    expectOneSentence(run, /needs a confirmation/);
    expect(run.stdout).toMatch(/^ORDERS .* overwrite$/m);
    expect(run.stdout).toMatch(/ORDERS: the stream that is there goes: \d+ messages/);
    expect(run.exit).toBe(4);
  });
  test("two streams under one name: 4", () =>
    expectRefusal("restore --all --rename ORDERS=X --rename GONE=X", { exit: 4, message: /named X/ }));
  test("forgetting without a yes: 4", async () => {
    await bench.json("backup ORDERS --target other");
    await bench.json("backup ORDERS --target other");
    await expectForgetRefused();
  });
});

async function expectForgetRefused(): Promise<void> {
  const run = await bench.coldstream("forget --keep-last 1");
  expectOneSentence(run, /needs a confirmation/);
  expect(run.stderr).toContain("--yes");
  expect(run.exit).toBe(4);
}

describe("this machine", () => {
  test("without restic: 15", () =>
    expectRefusal("snapshots", { exit: 15, message: /restic was not found/, path: "/nowhere" }));
  test("without nats-server, for a proof: 15", async () => {
    const programs = join(bench.folder, "home/programs");
    await mkdir(programs);
    await symlink(findProgram("restic") ?? "", join(programs, "restic"));
    await expectRefusal("prove --target other", { exit: 15, message: /nats-server was not found/, path: programs });
    await expectRefusal("backup --prove", { exit: 15, message: /nats-server was not found/, path: programs });
  });
  test.skipIf(process.getuid?.() !== 0)("with a full staging disk: 1", async () => {
    const disk = join(bench.folder, "home/disk");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]);
    try {
      await expectRefusal(`backup --staging ${disk}`, { exit: 1, message: /no space left/i });
      expect(execFileSync("ls", ["-A", disk], { encoding: "utf8" })).toBe("");
    } finally {
      execFileSync("umount", [disk]);
    }
  });
  test("without the staging folder: 2", () =>
    expectRefusal("backup --staging absent", { exit: 2, message: /staging folder .*absent does not exist/ }));
});

describe("in JSON the same is one document:", () => {
  test.each([
    ["backup NOPE", "stream-not-found", 14],
    ["snapshots --repo absent", "repository-absent", 10],
    ["restore ORDERS --target other", "conflict", 4],
    ["show 00000000", "snapshot-not-found", 14],
  ])("%s", async (line, code, exit) => {
    const run = await bench.coldstream(`${line} --json`);
    expect(JSON.parse(run.stdout)).toEqual({ error: { code, message: expect.any(String), hint: expect.any(String) } });
    expect(run.exit).toBe(exit);
  });
});
