/**
 * Invariant: a capture ends with a state that the stream had at one moment; where the stream is too fast for that, no key
 * is missing, none that was deleted comes back, and the report says so.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { openReader } from "../../src/nats/messages.ts";
import { streamInfo } from "../../src/nats/streams.ts";
import type { BackupReport } from "../../src/vault/backup.ts";
import { openSnapshot, resolveSnapshot } from "../../src/vault/catalog.ts";
import { fingerprint } from "../../src/vault/live-stream.ts";
import type { Manifest } from "../../src/vault/manifest.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { makePlace, type Place, running } from "../support/place.ts";
import { seededRandom } from "../support/random.ts";
import {
  createConsumer,
  createStream,
  deleteMessage,
  openServer,
  publish,
  publishMany,
  purge,
  take,
} from "../support/streams.ts";
import { watchJetStream } from "../support/watched-jetstream.ts";

const random = seededRandom("rounds");

async function readAll(js: JetStream, stream: string): Promise<Map<string, string>> {
  const info = await streamInfo(js, stream, {});
  const found = new Map<string, string>();
  await using reader = await openReader(js, info, 1n, { consumerName: "check" });
  const note = ({ subject, payload }: { subject: Uint8Array; payload: Uint8Array }) =>
    void found.set(Buffer.from(subject).toString(), Buffer.from(payload).toString());
  await reader.readThrough(info.state.last_seq, note, {});
  return found;
}

async function latestManifest(place: Place): Promise<Manifest | undefined> {
  const snapshot = await resolveSnapshot(place.repository, "latest", {}, running);
  return (await openSnapshot(place.repository, snapshot, running)).manifests[0];
}

/** A bucket that no consumer of ours can follow: it has the only one it may have. */
const unfollowed = { max_msgs_per_subject: 1n, max_consumers: 1n };

test.each([true, false])(
  "keys that are replaced after each look are kept as they were, allow_direct %s",
  async (allow_direct) => {
    await using server = await startNatsServer();
    await using opened = await openServer(server.url);
    await using place = await makePlace();
    const js = opened.jetstream;
    await createStream(js, "HOT", { ...unfollowed, allow_direct });
    await createConsumer(js, "HOT", "only");
    const keys = Array.from({ length: 50 }, (_, index) => `HOT.key${index}`);
    const deleted = 10 + random.below(30);
    await publish(js, "HOT.cold", "cold");
    let update = 0;
    const updateAll = async () => {
      update++;
      const wanted = update < 5 ? keys : keys.filter((_, index) => index !== deleted);
      for (const key of wanted) await publish(js, key, `${update}`);
      if (update === 5) await purge(js, "HOT", { filter: keys[deleted] ?? "" });
    };
    await updateAll();
    const watched = watchJetStream(js, async ({ call }) => {
      if (call === "STREAM.INFO.HOT") await updateAll();
    });
    const report = await place.backUp(watched);
    expect(report.streams).toMatchObject([{ outcome: "saved", consistency: "fuzzy", messages: 50n, rounds: 20 }]);
    expect(report.streams[0]).toMatchObject({ notes: [expect.stringMatching(/^49 keys changed too fast/)] });

    await using target = await startNatsServer();
    const restored = await place.bringBack(target.url);
    expect(restored.streams).toMatchObject([{ outcome: "restored", messages: 50n }]);
    await using into = await openServer(target.url);
    const found = await readAll(into.jetstream, "HOT");
    expect([...found.keys()].sort()).toEqual([...keys.filter((_, index) => index !== deleted), "HOT.cold"].sort());
    expect(found.get("HOT.cold")).toBe("cold");
    expect(
      [...found.values()].filter((value) => value !== "cold" && !(Number(value) >= 1 && Number(value) <= update)),
    ).toEqual([]);
  },
);

test("jobs that were done during the capture do not come back", async () => {
  await using server = await startNatsServer();
  await using opened = await openServer(server.url);
  await using place = await makePlace();
  const js = opened.jetstream;
  await createStream(js, "JOBS", { retention: "workqueue", allow_direct: true });
  await publishMany(js, "JOBS", 20);
  let done = 0n;
  const watched = watchJetStream(js, async ({ call }) => {
    if (call !== "STREAM.INFO.JOBS") return;
    const { state } = await streamInfo(js, "JOBS", {});
    for (let sequence = state.first_seq; sequence <= state.last_seq; sequence++)
      await deleteMessage(js, "JOBS", sequence);
    done = state.last_seq;
    for (let job = 0; job < 5; job++) await publish(js, "JOBS.0", "new");
  });
  const report = await place.backUp(watched);
  const [saved] = report.streams;
  expect(saved).toMatchObject({ outcome: "saved", consistency: "fuzzy" });
  const manifest = await latestManifest(place);
  expect(manifest?.kept).toBe(0n);
  // what the last look saw was done after it; all before it must be gone
  expect((manifest?.live[0]?.[0] ?? done) > done - 10n).toBe(true);
});

test("50 keys under full-speed writers: every key is there", async () => {
  await using server = await startNatsServer();
  await using opened = await openServer(server.url);
  await using place = await makePlace();
  const js = opened.jetstream;
  await createStream(js, "KV_live", { subjects: ["$KV.live.>"], max_msgs_per_subject: 1n, allow_direct: true });
  const program = join(import.meta.dirname, "../support/bucket-writer.ts");
  const writers = [1, 2].map(() => fork(program, [server.url, "50", "40000"]));
  const ended = writers.map((writer) => once(writer, "exit"));
  let report: BackupReport;
  try {
    const isUnderWay = async () => (await streamInfo(js, "KV_live", {})).state.last_seq > 10_000n;
    await eventually("10,000 updates", isUnderWay);
    report = await place.backUp(js);
  } finally {
    for (const writer of writers) writer.kill();
    await Promise.all(ended);
  }
  expect(report.streams).toMatchObject([{ outcome: "saved", messages: 50n }]);
  await using target = await startNatsServer();
  await place.bringBack(target.url);
  await using into = await openServer(target.url);
  expect([...(await readAll(into.jetstream, "KV_live")).keys()].sort()).toEqual(
    Array.from({ length: 50 }, (_, index) => `$KV.live.key${index}`).sort(),
  );
});

test("more than 500,000 deletes: a pass over the headers, or the list where keys change", {
  timeout: 180_000,
}, async () => {
  await using server = await startNatsServer();
  await using opened = await openServer(server.url);
  await using place = await makePlace();
  const js = opened.jetstream;
  await createStream(js, "GAPS", { max_msgs_per_subject: 1n });
  await publish(js, "GAPS.cold", "first");
  for (let update = 1; update <= 620_000; update++) {
    js.connection.publish(`GAPS.${update % 10}`, Buffer.from(`${update}`));
    if (update % 20_000 === 0) await publish(js, "GAPS.synced", `${update}`);
  }
  const calls: string[] = [];
  const quiet = watchJetStream(
    js,
    async ({ call, body }) =>
      void calls.push(
        `${call} ${JSON.stringify(body, (_key, value) => (typeof value === "bigint" ? `${value}` : value))}`,
      ),
  );
  const report = await place.backUp(quiet);
  expect(report.streams).toMatchObject([{ outcome: "saved", consistency: "exact", messages: 12n, rounds: 1 }]);
  expect(calls.filter((call) => call.includes('"headers_only":true'))).toHaveLength(1);
  expect(report.streams[0]).toMatchObject({ digest: (await fingerprint(js, "GAPS", running)).digest });

  // as the list of all deleted sequences is one long answer, it is taken only when passes cannot agree
  let update = 0;
  const busy = watchJetStream(js, async ({ call }) => {
    if (call === "STREAM.INFO.GAPS") await publish(js, "GAPS.1", `busy ${update++}`);
  });
  const again = await place.backUp(busy);
  expect(again.streams).toMatchObject([{ outcome: "saved", consistency: "exact", messages: 12n }]);
});

test.each([
  ["by a consumer", {}, false],
  ["by direct gets, as it takes no more consumers", { max_consumers: 1n, allow_direct: true }, true],
  ["one by one, as it takes no more consumers", { max_consumers: 1n }, true],
] as const)("a memory stream of 2.12 is read %s, and becomes a file stream", async (_title, config, isFull) => {
  await using server = await startNatsServer({ version: "2.12.15" });
  await using opened = await openServer(server.url);
  await using place = await makePlace();
  const js = opened.jetstream;
  await createStream(js, "MEMORY", { storage: "memory", ...config });
  await publishMany(js, "MEMORY", 700);
  for (let count = 0; count < 20; count++) await deleteMessage(js, "MEMORY", BigInt(1 + count * 30 + random.below(30)));
  if (isFull) await createConsumer(js, "MEMORY", "only");
  if (isFull) await take(js, { stream: "MEMORY", consumer: "only", count: 30, isAcknowledged: () => true });
  const before = await fingerprint(js, "MEMORY", running);
  const report = await place.backUp(js);
  expect(report.streams).toMatchObject([
    { outcome: "saved", consistency: "exact", messages: 680n, digest: before.digest },
  ]);
  expect((await latestManifest(place))?.strategy).toBe("messages");

  await using target = await startNatsServer({ version: "2.12.15" });
  await expect(place.bringBack(target.url)).rejects.toMatchObject({ code: "plan-refused" });
  const restored = await place.bringBack(target.url, { storage: "file" });
  expect(restored.streams).toMatchObject([{ outcome: "restored", consumers: isFull ? 1 : 0 }]);
  await using into = await openServer(target.url);
  expect(await fingerprint(into.jetstream, "MEMORY", running)).toEqual(before);
});

test("a memory stream that is full loses nothing in a file", async () => {
  await using server = await startNatsServer({ version: "2.12.15" });
  await using opened = await openServer(server.url);
  await using place = await makePlace();
  const js = opened.jetstream;
  await createStream(js, "FULL", { storage: "memory", max_bytes: 50_000n });
  await publishMany(js, "FULL", 2000);
  const before = await fingerprint(js, "FULL", running);
  await place.backUp(js);
  await using target = await startNatsServer({ version: "2.12.15" });
  expect((await place.bringBack(target.url, { storage: "file" })).streams).toMatchObject([{ outcome: "restored" }]);
  await using into = await openServer(target.url);
  expect(await fingerprint(into.jetstream, "FULL", running)).toEqual(before);
});

test.each(["2.12.15", "2.15.1"] as const)(
  "a consumer that is made again during the capture starts anew, on %s",
  async (version) => {
    await using server = await startNatsServer({ version });
    await using opened = await openServer(server.url);
    await using place = await makePlace();
    const js = opened.jetstream;
    await createStream(js, "TASKS");
    await publishMany(js, "TASKS", 100);
    await createConsumer(js, "TASKS", "worker");
    await take(js, { stream: "TASKS", consumer: "worker", count: 80, isAcknowledged: () => true });
    const watched = watchJetStream(js, async ({ call }) => {
      if (!call.startsWith("STREAM.SNAPSHOT.")) return;
      // the archive is on its way already, with the first worker in it
      await new Promise((resolve) => setTimeout(resolve, 300));
      await js.request("CONSUMER.DELETE.TASKS.worker", undefined, { schema: z.unknown() });
      await createConsumer(js, "TASKS", "worker");
    });
    await place.backUp(watched);
    await using target = await startNatsServer({ version });
    await place.bringBack(target.url);
    await using into = await openServer(target.url);
    const all = { stream: "TASKS", consumer: "worker", count: 100, isAcknowledged: () => true };
    expect(await take(into.jetstream, all)).toHaveLength(100);
  },
);
