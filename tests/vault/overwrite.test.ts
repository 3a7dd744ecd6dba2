/**
 * Invariants: an overwrite ends with exactly what the snapshot holds, consumers included, and nothing temporary; what
 * refuses or fails before the old stream is deleted leaves that one as it was; an interrupted one can be finished.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { describe as describeFailure } from "../../src/kit/failures.ts";
import type { JsonObject } from "../../src/kit/json.ts";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { deleteStream, streamInfo, streamNames } from "../../src/nats/streams.ts";
import { resolveSnapshot } from "../../src/vault/catalog.ts";
import type { RestorePlan } from "../../src/vault/plan.ts";
import { planRestore, type RestoreRequest } from "../../src/vault/restore.ts";
import { temporaryName } from "../../src/vault/swap-journal.ts";
import { finishSwaps } from "../../src/vault/swap-leftovers.ts";
import { failureOf } from "../support/failure-of.ts";
import { startNatsServer, type TestServer, type TestServerOptions } from "../support/nats-server.ts";
import { makePlace, type Place, running } from "../support/place.ts";
import {
  createConsumer,
  createStream,
  deleteMessage,
  openServer,
  publish,
  publishMany,
  take,
} from "../support/streams.ts";
import { watchJetStream } from "../support/watched-jetstream.ts";
import { readWhole, type WholeStream } from "../support/whole-stream.ts";

const overwrite = { onConflict: "overwrite" } as const;

/** A stream with gaps, an end that was deleted, and consumers of both kinds. */
async function fill(jetstream: JetStream, name = "ORDERS", count = 3000): Promise<void> {
  await createStream(jetstream, name, { metadata: { owner: "shop" } });
  await publishMany(jetstream, name, count);
  await createConsumer(jetstream, name, "reader");
  await createConsumer(jetstream, name, "pushed", { deliver_subject: `inbox.${name}` });
  await take(jetstream, { stream: name, consumer: "reader", count: 20, isAcknowledged: (at) => at % 2 === 0 });
  for (const sequence of [5n, 6n, BigInt(count)]) await deleteMessage(jetstream, name, sequence);
}

async function plan(place: Place, url: string, changes: Partial<RestoreRequest> = overwrite): Promise<RestorePlan> {
  await using opened = await openServer(url);
  const { jetstream } = opened;
  const request = {
    ...{ jetstream, connectAgain: async () => jetstream, repository: place.repository, streams: [], parallel: 1 },
    ...{ onConflict: "fail" as const, renames: new Map(), liftLimits: false },
    snapshot: await resolveSnapshot(place.repository, "latest", {}, running),
  };
  return await planRestore({ ...request, ...changes }, running);
}

describe.each(["2.10.27", "2.12.15", "2.15.1"] as const)("on %s", (version) => {
  let server: TestServer;
  let place: Place;
  let before: WholeStream;

  beforeAll(async () => {
    [server, place] = [await startNatsServer({ version }), await makePlace()];
    await using opened = await openServer(server.url);
    await fill(opened.jetstream);
    before = await readWhole(opened.jetstream, "ORDERS");
    await place.backUp(opened.jetstream);
    return async () => {
      for (const one of [server, place]) await one[Symbol.asyncDispose]();
    };
  }, 60_000);

  async function change(jetstream: JetStream): Promise<void> {
    await publishMany(jetstream, "ORDERS", 100);
    await deleteMessage(jetstream, "ORDERS", 7n);
    await createConsumer(jetstream, "ORDERS", "newcomer");
  }

  test("the old stream is replaced, with its consumers", async () => {
    await using opened = await openServer(server.url);
    await change(opened.jetstream);
    const [planned] = (await plan(place, server.url)).streams;
    expect(planned).toMatchObject({ action: "overwrite", replaces: { lastSequence: 3100n, consumers: 3n } });
    expect(planned?.notes.join("\n")).toMatch(/up to sequence 3100.*\n.*ends at sequence 3000.*\n.*newcomer/);
    const report = await place.bringBack(server.url, overwrite);
    expect(report.streams).toMatchObject([{ outcome: "restored", digest: before.digest, consumers: 2 }]);
    expect(await streamNames(opened.jetstream, {})).toEqual(["ORDERS"]);
    expect(await readWhole(opened.jetstream, "ORDERS")).toEqual(before);
    const { state } = await streamInfo(opened.jetstream, "ORDERS");
    expect(state.last_seq).toBe(3000n);
    await publish(opened.jetstream, "ORDERS.1", "next");
    expect((await streamInfo(opened.jetstream, "ORDERS")).state.last_seq).toBe(3001n);
  });

  test("one that is made again in the gap gives way", async () => {
    await using opened = await openServer(server.url);
    const { jetstream } = opened;
    let times = 0;
    const meddling = watchJetStream(jetstream, async ({ call }) => {
      if (call !== "STREAM.DELETE.ORDERS" || times++ > 2) return;
      await createStream(jetstream, "ORDERS");
      await publishMany(jetstream, "ORDERS", 10);
    });
    const report = await place.bringBack(server.url, { ...overwrite, jetstream: meddling });
    expect(report.streams).toMatchObject([{ outcome: "restored" }]);
    expect(times).toBeGreaterThan(2);
    expect(await streamNames(jetstream, {})).toEqual(["ORDERS"]);
    expect(await readWhole(jetstream, "ORDERS")).toEqual(before);
  });

  test("in place, where both have no room", async () => {
    await using opened = await openServer(server.url);
    await change(opened.jetstream);
    const report = await place.bringBack(server.url, { ...overwrite, inPlace: true });
    expect(report.streams).toMatchObject([{ outcome: "restored" }]);
    expect(await readWhole(opened.jetstream, "ORDERS")).toEqual(before);
  });
});

describe("with little room", () => {
  const account = (limits: string) =>
    `accounts { A: { jetstream: { ${limits} }, users: [{ user: u, password: p }] } }\nno_auth_user: u`;

  /** A server with these settings that holds ORDERS, saved and then changed. */
  async function start(
    options: TestServerOptions,
    config: JsonObject = { max_bytes: 8n * 1024n * 1024n },
  ): Promise<AsyncDisposableStack & { server: TestServer; place: Place }> {
    const stack = new AsyncDisposableStack();
    const [server, place] = [stack.use(await startNatsServer(options)), stack.use(await makePlace())];
    await using opened = await openServer(server.url);
    await createStream(opened.jetstream, "ORDERS", config);
    await publishMany(opened.jetstream, "ORDERS", 2000, 1000);
    await place.backUp(opened.jetstream);
    await publishMany(opened.jetstream, "ORDERS", 10);
    return Object.assign(stack, { server, place });
  }

  test.each([
    ["storage", "max_file: 3M, max_mem: 1M", /may store 2.861 MiB.*would need/],
    ["streams", "max_streams: 1, max_file: 1G, max_mem: 1M", /takes 1 streams and has 1/],
  ])("of %s, the plan refuses unless the old one may go first", async (_what, limits, reason) => {
    await using at = await start({ config: account(limits) }, {});
    expect((await plan(at.place, at.server.url)).streams).toMatchObject([
      { action: "refuse", reason: expect.stringMatching(reason) },
    ]);
    const failure = await failureOf(at.place.bringBack(at.server.url, overwrite));
    expect(failure).toMatchObject({ code: "plan-refused", message: expect.stringContaining("--in-place") });
    await using opened = await openServer(at.server.url);
    const before = await readWhole(opened.jetstream, "ORDERS");
    expect(before.lastSequence).toBe(2010n);
    const planned = (await plan(at.place, at.server.url, { ...overwrite, inPlace: true })).streams;
    expect(planned).toMatchObject([{ action: "overwrite" }]);
    await at.place.bringBack(at.server.url, { ...overwrite, inPlace: true });
  });

  test("that only the server knows of, the stream stays as it was", async () => {
    await using at = await start({ jetstream: "jetstream { store_dir: STORE, max_file_store: 10M }" });
    await using opened = await openServer(at.server.url);
    const before = await readWhole(opened.jetstream, "ORDERS");
    const report = await at.place.bringBack(at.server.url, overwrite);
    const [failed] = report.streams.flatMap((one) => (one.outcome === "failed" ? [one.failure] : []));
    if (failed !== undefined) {
      expect(describeFailure(failed)).toMatch(/the stream is as it was: .*(insufficient|exceeded)/);
      expect(failed.hint).toContain("--in-place");
      expect(await readWhole(opened.jetstream, "ORDERS")).toEqual(before);
    }
    expect(await streamNames(opened.jetstream, {})).toEqual(["ORDERS"]);
  });

  test("where every stream must say how large it may grow", async () => {
    await using at = await start({ config: account("max_file: 64M, max_mem: 1M, max_bytes_required: true") });
    const report = await at.place.bringBack(at.server.url, overwrite);
    expect(report.streams).toMatchObject([{ outcome: "restored" }]);
  });
});

describe("interrupted", () => {
  let server: TestServer;
  let place: Place;
  let before: WholeStream;
  let first: string;

  beforeAll(async () => {
    [server, place] = [await startNatsServer(), await makePlace()];
    await using opened = await openServer(server.url);
    await fill(opened.jetstream);
    first = (await place.backUp(opened.jetstream)).snapshot;
    await publish(opened.jetstream, "ORDERS.1", "more");
    before = await readWhole(opened.jetstream, "ORDERS");
    await place.backUp(opened.jetstream);
    return async () => {
      for (const one of [server, place]) await one[Symbol.asyncDispose]();
    };
  }, 60_000);

  /** Ends an overwrite the moment the server answered this call for the nth time, as a crash would. */
  async function interrupt(jetstream: JetStream, call: string, nth = 1): Promise<void> {
    let count = 0;
    let isDown = false;
    const dying = (own: JetStream) =>
      watchJetStream(own, async (made) => {
        if (!isDown && (made.call !== call || ++count !== nth)) return;
        isDown = true;
        throw new Error("crashed");
      });
    const connectAgain = async () => dying((await openServer(server.url)).jetstream);
    const report = await place.bringBack(server.url, { ...overwrite, jetstream: dying(jetstream), connectAgain });
    expect(report.streams).toMatchObject([{ outcome: "failed" }]);
  }

  const copy = temporaryName("ORDERS");
  const points: readonly [string, string, number][] = [
    ["with a copy that was not proven", `STREAM.SNAPSHOT.${copy}`, 1],
    ["before the old one was deleted", `STREAM.UPDATE.${copy}`, 1],
    ["after the old one was deleted", "STREAM.DELETE.ORDERS", 1],
    ["when the new one was there", "STREAM.RESTORE.ORDERS", 1],
    ["when the copy was gone", `STREAM.DELETE.${copy}`, 1],
  ];

  test.each(points)("%s, the same command ends it", async (_title, call, nth) => {
    await using opened = await openServer(server.url);
    await interrupt(opened.jetstream, call, nth);
    const report = await place.bringBack(server.url, overwrite);
    expect(report.streams).toMatchObject([{ outcome: "restored" }]);
    expect(await streamNames(opened.jetstream, {})).toEqual(["ORDERS"]);
    expect(await readWhole(opened.jetstream, "ORDERS")).toEqual(before);
  });

  test.each(points)("%s, it is finished without the repository", async (_title, call, nth) => {
    await using opened = await openServer(server.url);
    const { jetstream } = opened;
    await interrupt(jetstream, call, nth);
    const connectAgain = async () => (await openServer(server.url)).jetstream;
    const finished = await finishSwaps({ jetstream, connectAgain }, { streams: [] }, running);
    expect(finished.map(({ outcome }) => outcome)).not.toContain("failed");
    expect(await streamNames(jetstream, {})).toEqual(["ORDERS"]);
    expect(await readWhole(jetstream, "ORDERS")).toEqual(before);
  });

  test("while the stream is away a backup is not complete, and the copy is nobody's stream", async () => {
    await using opened = await openServer(server.url);
    const { jetstream } = opened;
    await createStream(jetstream, "OTHER");
    await interrupt(jetstream, "STREAM.DELETE.ORDERS");
    const report = await place.backUp(jetstream);
    expect(report).toMatchObject({ complete: false, notes: [expect.stringContaining(`stream ${copy} was not saved`)] });
    expect(report.streams.map(({ stream, outcome }) => [stream, outcome])).toEqual([
      ["OTHER", "saved"],
      ["ORDERS", "failed"],
    ]);
    expect(await failureOf(place.backUp(jetstream, { streams: [copy] }))).toMatchObject({ code: "usage" });
    expect(await failureOf(place.backUp(jetstream, { streams: ["ORDERS"] }))).toMatchObject({
      code: "stream-not-found",
      hint: expect.stringContaining("--finish"),
    });
    await deleteStream(jetstream, "OTHER");

    const other = await resolveSnapshot(place.repository, first, {}, running);
    expect((await plan(place, server.url, { snapshot: other })).streams).toMatchObject([
      { action: "refuse", isConflict: false, reason: expect.stringContaining("--finish") },
    ]);
    expect((await plan(place, server.url, { snapshot: other, onConflict: "skip" })).streams).toMatchObject([
      { action: "skip" },
    ]);
    expect((await plan(place, server.url, {})).streams).toMatchObject([{ action: "finish" }]);
    const restored = await place.bringBack(server.url, { ...overwrite, snapshot: other });
    expect(restored.streams).toMatchObject([{ outcome: "restored" }]);
    expect(await streamNames(jetstream, {})).toEqual(["ORDERS"]);
    expect((await readWhole(jetstream, "ORDERS")).lastSequence).toBe(3000n);
    await place.bringBack(server.url, overwrite);
  });

  test("and the name taken by somebody else, only an overwrite takes it back", async () => {
    await using opened = await openServer(server.url);
    const { jetstream } = opened;
    await interrupt(jetstream, "STREAM.DELETE.ORDERS");
    await createStream(jetstream, "ORDERS");
    const connectAgain = async () => (await openServer(server.url)).jetstream;
    const finished = await finishSwaps({ jetstream, connectAgain }, { streams: ["ORDERS"] }, running);
    expect(finished).toMatchObject([{ outcome: "failed", failure: { code: "conflict" } }]);
    expect((await plan(place, server.url, {})).streams).toMatchObject([{ action: "refuse", isConflict: true }]);
    expect((await place.bringBack(server.url, overwrite)).streams).toMatchObject([{ outcome: "restored" }]);
    expect(await readWhole(jetstream, "ORDERS")).toEqual(before);
  });
});

test("streams that copy from it are named, and a stream that hears everything is no obstacle", async () => {
  await using server = await startNatsServer();
  await using place = await makePlace();
  await using opened = await openServer(server.url);
  const { jetstream } = opened;
  await createStream(jetstream, "ALL", { subjects: [">"], no_ack: true });
  for (let number = 0; number < 100; number++) jetstream.connection.publish(`x.${number}`, Buffer.from("x"));
  await jetstream.connection.flush();
  await createStream(jetstream, "MIRROR", { subjects: [], mirror: { name: "ALL" } });
  await createStream(jetstream, "SUM", { subjects: [], sources: [{ name: "ALL" }] });
  await place.backUp(jetstream, { streams: ["ALL"] });
  const before = await readWhole(jetstream, "ALL");
  const notes = (await plan(place, server.url)).streams.flatMap((one) => one.notes).join("\n");
  expect(notes).toMatch(/stream MIRROR mirrors it/);
  expect(notes).toMatch(/stream SUM copies from it/);
  const report = await place.bringBack(server.url, overwrite);
  expect(report.streams).toMatchObject([{ outcome: "restored" }]);
  const after = await readWhole(jetstream, "ALL");
  expect([after.created, after.firstSequence]).toEqual([before.created, before.firstSequence]);
});

test("of many streams, some of which do not exist", async () => {
  await using server = await startNatsServer();
  await using place = await makePlace();
  await using opened = await openServer(server.url);
  const { jetstream } = opened;
  const names = Array.from({ length: 20 }, (_, index) => `S${index}`);
  for (const name of names) {
    await createStream(jetstream, name);
    await publishMany(jetstream, name, 20);
  }
  const before = await Promise.all(names.map((name) => readWhole(jetstream, name)));
  await place.backUp(jetstream);
  for (const name of names.slice(0, 5)) await deleteStream(jetstream, name);
  for (const name of names.slice(5)) await publish(jetstream, `${name}.1`, "more");
  const report = await place.bringBack(server.url, overwrite);
  expect(report.streams.filter(({ outcome }) => outcome !== "restored")).toEqual([]);
  expect((await streamNames(jetstream, {})).toSorted()).toEqual(names.toSorted());
  expect(await Promise.all(names.map((name) => readWhole(jetstream, name)))).toEqual(before);
});
