/**
 * Invariant: a stream whose capture was disturbed on its way is reported as failed with a fitting code, the others are
 * saved as an incomplete snapshot that `latest` does not mean, and nothing stays in the staging folder.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Failure } from "../../src/kit/failures.ts";
import { connect } from "../../src/nats/connection.ts";
import { type JetStream, openJetStream } from "../../src/nats/jetstream.ts";
import { deleteStream } from "../../src/nats/streams.ts";
import type { BackupReport } from "../../src/vault/backup.ts";
import { listSnapshots, openSnapshot, resolveSnapshot } from "../../src/vault/catalog.ts";
import { failureOf } from "../support/failure-of.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { makePlace, type Place, running } from "../support/place.ts";
import type { NatsServerVersion } from "../support/programs.ts";
import { seededRandom } from "../support/random.ts";
import { createStream, openServer, publishMany } from "../support/streams.ts";
import { type ServerFrame, startTcpProxy, type TcpProxyOptions } from "../support/tcp-proxy.ts";

const random = seededRandom("interrupted-capture");
const versions = ["2.12.15", "2.15.1"] as const;
const names = ["BEFORE", "LARGE", "AFTER"];

/** Whether a frame brings a chunk of the snapshot of LARGE: its reply is where it is acknowledged. */
const isChunk = ({ head }: ServerFrame): boolean => head.includes("$JS.SNAPSHOT.ACK.LARGE.");

async function fill(server: TestServer): Promise<void> {
  await using opened = await openServer(server.url);
  for (const name of names) {
    await createStream(opened.jetstream, name);
    await publishMany(opened.jetstream, name, name === "LARGE" ? 20_000 : 50, 500);
  }
}

async function backUpThrough(place: Place, server: TestServer, options: TcpProxyOptions): Promise<BackupReport> {
  await using proxy = await startTcpProxy(server.port, options);
  await using connection = await connect({ servers: [proxy.url] }, {});
  return await place.backUp(openJetStream(connection, {}), { parallel: 1 });
}

async function expectIncomplete(place: Place, report: BackupReport, codes: readonly string[]): Promise<void> {
  const failed = report.streams.filter((one) => one.outcome === "failed");
  expect(failed.map(({ stream }) => stream)).toEqual(["LARGE"]);
  expect(codes).toContain(failed[0]?.failure.code);
  expect(report.complete).toBe(false);
  expect(await place.leftovers()).toEqual([]);
  const entries = await listSnapshots(place.repository, { all: true }, running);
  const entry = entries.find(({ id }) => id === report.snapshot);
  expect(entry).toMatchObject({ complete: false });
  if (entry === undefined) return;
  const { manifests, index } = await openSnapshot(place.repository, entry, running);
  expect(manifests.map(({ stream }) => stream).sort()).toEqual(["AFTER", "BEFORE"]);
  expect(index).toMatchObject({ complete: false, failed: [{ stream: "LARGE" }] });
  const latest = await resolveSnapshot(place.repository, "latest", {}, running).catch((error: unknown) => error);
  if (!Failure.is(latest, "snapshot-not-found")) expect(latest).not.toMatchObject({ id: report.snapshot });
}

describe.each(versions)("on %s", (version) => {
  let server: TestServer;
  let place: Place;

  beforeAll(async () => {
    server = await startNatsServer({ version });
    place = await makePlace();
    await fill(server);
  }, 60_000);

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  test("a chunk that does not arrive", async () => {
    const lost = 1 + random.below(20);
    let chunks = 0;
    const report = await backUpThrough(place, server, {
      onServerFrame: (frame) => (isChunk(frame) && ++chunks === lost ? undefined : frame.body),
    });
    expect(chunks).toBeGreaterThanOrEqual(lost);
    await expectIncomplete(place, report, ["snapshot-incomplete"]);
  });

  test("a chunk with a flipped bit", async () => {
    const changed = 1 + random.below(20);
    let chunks = 0;
    const report = await backUpThrough(place, server, {
      onServerFrame: (frame) => {
        if (!isChunk(frame) || ++chunks !== changed) return frame.body;
        const body = Buffer.from(frame.body);
        const at = random.below(body.length);
        body[at] = (body[at] ?? 0) ^ (1 << random.below(8));
        return body;
      },
    });
    await expectIncomplete(place, report, ["damaged", "snapshot-incomplete"]);
  });

  test("chunks in another order", async () => {
    let held: Buffer | undefined;
    let chunks = 0;
    const report = await backUpThrough(place, server, {
      onServerFrame: (frame) => {
        if (!isChunk(frame)) return frame.body;
        chunks++;
        if (chunks === 5) held = Buffer.from(frame.body);
        // the sixth brings the content of the fifth, under its own number
        return chunks === 6 && held?.length === frame.body.length ? held : frame.body;
      },
    });
    await expectIncomplete(place, report, ["damaged", "snapshot-incomplete"]);
  });

  test("a snapshot that breaks off, and an end that says it was whole", async () => {
    let chunks = 0;
    const report = await backUpThrough(place, server, {
      // what follows the third chunk gets lost, up to the end marker
      onServerFrame: (frame) => (isChunk(frame) && ++chunks > 3 ? undefined : frame.body),
    });
    await expectIncomplete(place, report, ["snapshot-incomplete", "damaged", "timed-out", "snapshot-aborted"]);
  });

  test.each([
    ["the connection is cut", async (_own: TestServer, cut: () => void) => cut()],
    ["the server is killed", async (own: TestServer) => await own.stop("SIGKILL")],
  ])("%s: nothing is stored when no stream could be saved", async (_title, disturb) => {
    await using own = await startNatsServer({ version });
    await using opened = await openServer(own.url);
    await createStream(opened.jetstream, "LARGE");
    await publishMany(opened.jetstream, "LARGE", 20_000, 500);
    const after = 1 + random.below(20);
    let chunks = 0;
    let disturbed: Promise<void> | undefined;
    await using proxy = await startTcpProxy(own.port, {
      onServerFrame: (frame) => {
        if (isChunk(frame) && ++chunks === after) disturbed = disturb(own, () => proxy.cut());
        return frame.body;
      },
    });
    await using connection = await connect({ servers: [proxy.url] }, {});
    const before = await place.repository.snapshots({}, running);
    const failure = await failureOf(place.backUp(openJetStream(connection, {}), { streams: ["LARGE"] }));
    await disturbed;
    expect(["server-unreachable", "timed-out"]).toContain(failure.code);
    expect(await place.leftovers()).toEqual([]);
    expect(await place.repository.snapshots({}, running)).toEqual(before);
  });

  test("an abort in the middle ends as interrupted and leaves nothing behind", async () => {
    const controller = new AbortController();
    const interrupted = new Failure("interrupted", "interrupted");
    await using proxy = await startTcpProxy(server.port, {
      onServerFrame: (frame) => {
        if (isChunk(frame)) controller.abort(interrupted);
        return frame.body;
      },
    });
    await using connection = await connect({ servers: [proxy.url] }, {});
    const before = await place.repository.snapshots({}, running);
    const failure = await failureOf(
      place.backUp(openJetStream(connection, {}), { parallel: 3 }, { signal: controller.signal }),
    );
    expect(failure.code).toBe("interrupted");
    expect(await place.leftovers()).toEqual([]);
    expect(await place.repository.snapshots({}, running)).toEqual(before);
  });

  test("a restore of all of an incomplete snapshot says what is not in it", async () => {
    const entries = await listSnapshots(place.repository, { all: true }, running);
    const snapshot = entries.find(({ complete }) => !complete);
    await using target = await startNatsServer({ version });
    const report = await place.bringBack(target.url, snapshot === undefined ? {} : { snapshot });
    expect(report.streams.map(({ stream, outcome }) => `${stream} ${outcome}`).sort()).toEqual([
      "AFTER restored",
      "BEFORE restored",
      "LARGE failed",
    ]);
  });

  test("and undisturbed it is complete", async () => {
    const report = await backUpThrough(place, server, { onServerFrame: ({ body }) => body });
    expect(report.complete).toBe(true);
    expect((await resolveSnapshot(place.repository, "latest", {}, running)).id).toBe(report.snapshot);
  });
});

/** The server then only falls silent, so each takes 20 s: they wait together. */
test.concurrent.each<readonly [string, NatsServerVersion, (jetstream: JetStream) => Promise<void>]>([
  ["deleted", "2.12.15", async (jetstream) => await deleteStream(jetstream, "LARGE", {})],
  [
    "deleted and made again",
    "2.15.1",
    async (jetstream) => {
      await deleteStream(jetstream, "LARGE", {});
      await createStream(jetstream, "LARGE");
      await publishMany(jetstream, "LARGE", 30_000, 400);
    },
  ],
])("a stream that is %s during its snapshot, on %s", async (_title, version, disturb) => {
  await using server = await startNatsServer({ version });
  await fill(server);
  await using place = await makePlace();
  await using opened = await openServer(server.url);
  let disturbed: Promise<void> | undefined;
  const onServerFrame = (frame: ServerFrame) => {
    if (isChunk(frame)) disturbed ??= disturb(opened.jetstream);
    return frame.body;
  };
  const report = await backUpThrough(place, server, { onServerFrame });
  await disturbed;
  await expectIncomplete(place, report, ["stream-changed"]);
});
