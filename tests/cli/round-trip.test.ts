/**
 * Invariants: what the command line saves it brings back equal; every command says the same in JSON, as documented;
 * no command leaves anything in the staging folder.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { createConsumer, createStream, openServer, publishMany } from "../support/streams.ts";
import { readWhole } from "../support/whole-stream.ts";
import { makeWorkbench, type Workbench } from "./workbench.ts";

const Snapshot = z.strictObject({
  id: z.string().length(64),
  shortId: z.string().length(8),
  time: z.iso.datetime(),
  host: z.literal("host-0"),
  target: z.string(),
  invoker: z.literal("cli"),
  complete: z.boolean(),
  streams: z.array(z.string()).nullable(),
  bytes: z.number().nullable(),
  layout: z.literal("coldstream"),
});
const Saved = z.strictObject({
  outcome: z.literal("saved"),
  stream: z.string(),
  messages: z.number(),
  bytes: z.number(),
  firstSequence: z.number(),
  lastSequence: z.number(),
  consumers: z.number(),
  consistency: z.enum(["exact", "fuzzy"]),
  rounds: z.number(),
  digest: z.string().length(64),
  notes: z.array(z.string()),
});
const Proof = z.strictObject({
  proven: z.literal(true),
  snapshot: z.string().length(64),
  proof: z.string().length(64),
  time: z.iso.datetime(),
  durationMs: z.number(),
  serverVersion: z.string(),
  streams: z.array(
    z.strictObject({
      stream: z.string(),
      proven: z.literal(true),
      messages: z.number(),
      digest: z.string(),
      expected: z.string(),
      consumers: z.number(),
      problem: z.null(),
    }),
  ),
});
const Backup = z.strictObject({
  snapshot: z.string().length(64),
  shortId: z.string().length(8),
  time: z.iso.datetime(),
  complete: z.literal(true),
  streams: z.array(Saved),
  bytesRead: z.number(),
  bytesAdded: z.number(),
  stored: z.strictObject({
    files: z.number(),
    filesNew: z.number(),
    filesChanged: z.number(),
    filesUnmodified: z.number(),
    bytes: z.number(),
    durationMs: z.number(),
  }),
  durationMs: z.number(),
  repositoryCreated: z.boolean(),
  notes: z.array(z.string()),
  target: z.string(),
  repository: z.string(),
  proof: Proof.nullable(),
  proofFailure: z.null(),
  server: z.string(),
  context: z.null(),
});

let source: TestServer;
let target: TestServer;
let bench: Workbench;

beforeAll(async () => {
  source = await startNatsServer();
  target = await startNatsServer();
  bench = await makeWorkbench({ NATS_URL: source.url });
  await using server = await openServer(source.url);
  await createStream(server.jetstream, "ORDERS");
  await createStream(server.jetstream, "KV_settings", { subjects: ["$KV.settings.>"], max_msgs_per_subject: 1n });
  await publishMany(server.jetstream, "ORDERS", 2500);
  await publishMany(server.jetstream, "$KV.settings", 100);
  await createConsumer(server.jetstream, "ORDERS", "billing");
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
});

async function coldstream(line: string, env?: Readonly<Record<string, string>>) {
  const run = await bench.coldstream(line, env === undefined ? {} : { env });
  expect({ line, exit: run.exit, stderr: run.exit === 0 ? "" : run.stderr }).toEqual({ line, exit: 0, stderr: "" });
  return run;
}

describe("one after the other", () => {
  let snapshot = "";

  test("init makes the repository", async () => {
    const { stdout, stderr } = await coldstream("init");
    expect(stdout).toMatch(/^repository: {2}\/.*\/repository\nid: {10}[0-9a-f]{64}\n$/);
    expect(stderr).toBe("");
    await bench.cheapen();
  });

  test("backup --dry-run saves nothing", async () => {
    const { stdout } = await coldstream("backup --dry-run");
    expect(stdout).toMatch(/ORDERS +2,500 /);
    expect(stdout).toContain("nothing was saved; this would save 2 streams");
    expect(await bench.json("snapshots")).toEqual({ repository: bench.repository, snapshots: [] });
    expect((await coldstream("snapshots")).stdout).toBe("there are no snapshots\n");
  });

  test("backup saves every stream; progress is on standard error", async () => {
    const { stdout, stderr } = await coldstream("backup");
    expect(stdout).toMatch(/ORDERS +2,500 .*\bsaved, exact$/m);
    expect(stdout).toMatch(/^snapshot [0-9a-f]{8} saved: 2 streams, 2,503 messages; .* read, .* stored in /m);
    expect(stderr).toMatch(/^saving 2 streams \(.*\) of 127\.0\.0\.1:\d+\n/);
    expect(stderr).toContain("saved ORDERS: 2,500 messages");
    expect(stderr).not.toContain("\r");
  });

  test("backup of chosen streams with its proof, in JSON", async () => {
    const report = Backup.parse(await bench.json("backup ORDERS --prove --target prod"));
    expect(report).toMatchObject({ target: "prod", repositoryCreated: false, repository: bench.repository });
    expect(report.streams).toMatchObject([{ stream: "ORDERS", messages: 2500, lastSequence: 2500, consumers: 1 }]);
    expect(report.proof?.snapshot).toBe(report.snapshot);
    expect(report.proof?.streams[0]?.digest).toBe(report.streams[0]?.digest);
  });

  test("--quiet says nothing when all went well", async () => {
    expect(await coldstream("backup KV_settings --quiet --target prod")).toEqual({ exit: 0, stdout: "", stderr: "" });
  });

  test("snapshots lists them", async () => {
    const { snapshots } = z.object({ snapshots: z.array(Snapshot) }).parse(await bench.json("snapshots"));
    const name = `localhost:${source.port}`;
    expect(snapshots.map(({ target: of, streams }) => [of, streams])).toEqual([
      [name, null],
      ["prod", ["ORDERS"]],
      ["prod", ["KV_settings"]],
    ]);
    snapshot = snapshots[0]?.shortId ?? "";
    const { stdout } = await coldstream(`snapshots --target ${name}`);
    expect(stdout.split("\n")).toHaveLength(3);
    expect(stdout).toMatch(new RegExp(`^${snapshot}  \\S+Z  ${name} +all +\\d`, "m"));
  });

  test("latest of two targets is not guessed", async () => {
    const { exit, stderr } = await bench.coldstream("show latest");
    expect(exit).toBe(2);
    expect(stderr).toMatch(
      /^coldstream: the repository holds snapshots of 2 targets.*\n {2}name a snapshot, or choose with --target: .*prod/,
    );
    expect((await coldstream("show --target prod")).stdout).toContain("target:    prod");
  });

  test("show tells what a snapshot holds", async () => {
    const { stdout } = await coldstream(`show ${snapshot}`);
    expect(stdout).toMatch(/^ORDERS +2,500 +\S+ \S+ +1-2500 +1 {2}exact +1 {2}[0-9a-f]{16}$/m);
    expect(stdout).toMatch(/^state: {5}complete$/m);
    const shown = z
      .strictObject({
        snapshot: Snapshot,
        server: z.strictObject({ name: z.string(), version: z.string() }),
        failed: z.array(z.unknown()),
        streams: z.array(
          z.looseObject({
            stream: z.string(),
            config: z.looseObject({ name: z.string() }),
            consistency: z.literal("exact"),
            digest: z.string().length(64),
            segments: z.number(),
            state: z.looseObject({ messages: z.number(), lastSequence: z.number() }),
            consumers: z.array(z.looseObject({ name: z.string(), exact: z.string(), pending: z.number() })),
          }),
        ),
      })
      .parse(await bench.json(`show ${snapshot}`));
    expect(shown.streams.find(({ stream }) => stream === "ORDERS")?.consumers).toMatchObject([{ name: "billing" }]);
  });

  test("restore --dry-run changes nothing, and says when it would be refused", async () => {
    const { exit, stdout, stderr } = await bench.coldstream(`restore --all --snapshot ${snapshot} --dry-run`);
    expect(stdout).toMatch(/^ORDERS .* refuse: stream ORDERS exists on the server$/m);
    expect(stderr).toBe("coldstream: 2 streams of 2 would be refused\n  the reasons are in the plan\n");
    expect(exit).toBe(4);
    const plan = await bench.json(`restore --all --snapshot ${snapshot} --dry-run --server ${target.url}`);
    expect(plan).toMatchObject({ dryRun: true, streams: [{ action: "restore" }, { action: "restore" }] });
    await using server = await openServer(target.url);
    expect(await server.jetstream.request("STREAM.NAMES", {}, { schema: z.looseObject({}) })).toMatchObject({
      total: 0n,
    });
  });

  test("restore brings every stream back, equal", async () => {
    const { stdout, stderr } = await coldstream(`restore --all --snapshot ${snapshot}`, { NATS_URL: target.url });
    expect(stdout).toMatch(/^ORDERS +ORDERS +2,500 .* restored$/m);
    expect(stdout).toContain("2 streams, 2,503 messages restored from snapshot");
    expect(stderr).toContain("restored ORDERS: 2,500 messages");
    await using before = await openServer(source.url);
    await using after = await openServer(target.url);
    for (const name of ["ORDERS", "KV_settings"]) {
      expect(await readWhole(after.jetstream, name)).toEqual(await readWhole(before.jetstream, name));
    }
  });

  test("restore beside a living stream, under another name", async () => {
    const report = await bench.json(`restore --rename ORDERS=ORDERS_OLD --snapshot ${snapshot}`);
    expect(report).toMatchObject({
      dryRun: false,
      streams: [{ outcome: "restored", stream: "ORDERS", as: "ORDERS_OLD" }],
    });
    const skipped = await bench.json(`restore ORDERS --on-conflict skip --snapshot ${snapshot}`);
    expect(skipped).toMatchObject({ streams: [{ outcome: "skipped", stream: "ORDERS" }] });
  });

  test("restore over a living stream, and nothing to finish afterwards", async () => {
    const line = `restore ORDERS --snapshot ${snapshot} --on-conflict overwrite`;
    await using server = await openServer(target.url);
    const before = await readWhole(server.jetstream, "ORDERS");
    await publishMany(server.jetstream, "ORDERS", 10);
    const { stdout } = await coldstream(`${line} --dry-run`, { NATS_URL: target.url });
    expect(stdout).toMatch(/^ORDERS .* overwrite$/m);
    expect(stdout).toContain("the stream that is there goes: 2510 messages");
    expect(stdout).toMatch(/nothing was changed\n$/);
    const report = await bench.json(`${line} --yes --server ${target.url}`);
    expect(report).toMatchObject({ streams: [{ outcome: "restored", as: "ORDERS" }] });
    expect(await readWhole(server.jetstream, "ORDERS")).toEqual(before);
    const finished = await coldstream("restore --finish", { NATS_URL: target.url, RESTIC_REPOSITORY: "/nowhere" });
    expect(finished.stdout).toBe("there is no unfinished overwrite\n");
  });

  test("prove and proofs", async () => {
    const { stdout } = await coldstream(`prove ${snapshot}`);
    expect(stdout).toMatch(new RegExp(`^snapshot ${snapshot} proven: 2 streams, 2,503 messages`, "m"));
    const { proofs } = z.object({ proofs: z.array(Proof) }).parse(await bench.json("proofs"));
    expect(proofs).toHaveLength(2);
    expect((await coldstream("proofs")).stdout).toMatch(
      new RegExp(`^[0-9a-f]{8}  \\S+Z  ${snapshot}  proven +2 +2,503 `, "m"),
    );
  });

  test("check", async () => {
    expect((await coldstream("check --read-data-subset 100%")).stdout).toBe("the repository is whole\n");
    expect(await bench.json("check")).toEqual({
      repository: bench.repository,
      ok: true,
      errors: [],
      readDataSubset: null,
    });
  });

  test("forget shows what will go, and goes on only with a yes", async () => {
    const { exit, stdout, stderr } = await bench.coldstream("forget --keep-last 1 --target prod");
    expect([exit, stderr.split("\n").length]).toEqual([0, 1]);
    expect(stdout).toContain("0 snapshots removed, 2 snapshots kept");
    await coldstream("backup ORDERS --target prod");
    const refused = await bench.coldstream("forget --keep-last 1 --target prod");
    expect(refused.exit).toBe(4);
    expect(refused.stderr).toMatch(/^coldstream: this needs a confirmation.*\n {2}add --yes /);
    const planned = await bench.json("forget --keep-last 1 --target prod --dry-run");
    expect(planned).toMatchObject({ dryRun: true, remove: [{ target: "prod", streams: ["ORDERS"] }] });
    const done = await bench.json("forget --keep-last 1 --target prod --prune --yes");
    expect(done).toMatchObject({ dryRun: false, remove: [{ target: "prod" }], keep: [{}, {}] });
    const { snapshots } = z.object({ snapshots: z.array(Snapshot) }).parse(await bench.json("snapshots"));
    expect(snapshots).toHaveLength(3);
  });

  test("unlock", async () => {
    expect((await coldstream("unlock")).stdout).toBe("0 locks removed\n");
    expect(await bench.json("unlock --remove-all --yes")).toEqual({
      repository: bench.repository,
      removed: [],
      left: [],
    });
  });

  test("nothing is left in the staging folder, and nothing fell beside the repository", async () =>
    expect(await bench.leftovers()).toEqual(["repository"]));

  test("a reader that goes away is no failure", async () => {
    const { exit, stderr } = await bench.coldstream("snapshots", { closeStdout: true });
    expect([exit, stderr]).toEqual([0, ""]);
  });
});
