/**
 * Invariants: encryption at rest changes nothing that a backup holds, neither on the source nor on the target; and
 * where an encrypted store loses the time of a deleted last message, the restore says so.
 */
import { describe, expect, test } from "vitest";
import type { JetStream } from "../../src/nats/jetstream.ts";
import type { RestoredStream } from "../../src/vault/restore.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { makePlace } from "../support/place.ts";
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
import { readWhole, type WholeStream } from "../support/whole-stream.ts";

const encrypted = 'jetstream { store_dir: STORE, key: "a key of some length", cipher: aes }';
const plain = "jetstream { store_dir: STORE }";
type WholeStreams = Readonly<Record<string, WholeStream>>;
const streams = ["PLAIN", "TAIL", "EMPTY", "COMPRESSED"];

async function fill(jetstream: JetStream): Promise<void> {
  await createStream(jetstream, "PLAIN");
  await publishMany(jetstream, "PLAIN", 3000, 2000);
  for (const sequence of [2n, 3n, 1500n]) await deleteMessage(jetstream, "PLAIN", sequence);
  await createConsumer(jetstream, "PLAIN", "reader");
  await take(jetstream, { stream: "PLAIN", consumer: "reader", count: 50, isAcknowledged: (index) => index % 3 !== 1 });
  await createStream(jetstream, "TAIL");
  await publishMany(jetstream, "TAIL", 500);
  for (let sequence = 490n; sequence <= 500n; sequence++) await deleteMessage(jetstream, "TAIL", sequence);
  await createStream(jetstream, "EMPTY");
  await publishMany(jetstream, "EMPTY", 40);
  await purge(jetstream, "EMPTY");
  await createStream(jetstream, "COMPRESSED", { compression: "s2" });
  await publishMany(jetstream, "COMPRESSED", 1000, 500);
}

async function readAll(jetstream: JetStream): Promise<WholeStreams> {
  const found = await Promise.all(streams.map(async (name) => [name, await readWhole(jetstream, name)] as const));
  return Object.fromEntries(found);
}

const rows = [
  { source: "encrypted", targets: ["plain", "encrypted"] },
  { source: "plain", targets: ["encrypted"] },
] as const;
const stores = { encrypted, plain };

describe.each(["2.12.15", "2.15.1"] as const)("encryption at rest on %s", (version) => {
  test.each(rows)("from a store that is $source into others", async ({ source, targets }) => {
    await using server = await startNatsServer({ version, jetstream: stores[source] });
    await using from = await openServer(server.url);
    await fill(from.jetstream);
    const before = await readAll(from.jetstream);
    await using place = await makePlace();
    const report = await place.backUp(from.jetstream);
    expect(report.streams.map(({ outcome }) => outcome)).toEqual(streams.map(() => "saved"));
    await server.stop();
    for (const target of targets) {
      await using other = await startNatsServer({ version, jetstream: stores[target] });
      const { streams: restored } = await place.bringBack(other.url);
      await compare(other, { before, restored, isEncrypted: target === "encrypted" });
    }
  });
});

async function compare(
  server: TestServer,
  {
    before,
    restored,
    isEncrypted,
  }: { before: WholeStreams; restored: readonly RestoredStream[]; isEncrypted: boolean },
): Promise<void> {
  await using into = await openServer(server.url);
  const after = await readAll(into.jetstream);
  for (const name of streams) {
    const isTimeLost = isEncrypted && (name === "TAIL" || name === "EMPTY");
    const [wanted, found] = [before[name], after[name]];
    expect(found).toEqual({ ...wanted, ...(isTimeLost ? { lastTime: "0001-01-01T00:00:00Z" } : {}) });
    const notes = isTimeLost ? [expect.stringContaining("did not keep the time of the last message")] : [];
    expect(restored.find(({ stream }) => stream === name)).toMatchObject({ outcome: "restored", notes });
  }
  await publish(into.jetstream, "TAIL.x", "next");
  expect((await readWhole(into.jetstream, "TAIL")).lastSequence).toBe(501n);
  await server.stop();
  await server.start();
  await using again = await openServer(server.url);
  const kept = await readAll(again.jetstream);
  for (const name of ["PLAIN", "EMPTY", "COMPRESSED"]) expect(timeless(kept[name])).toEqual(timeless(after[name]));
}

/** After a restart an encrypted store says that stream and consumers were created when they were restored (2.12, 2.15). */
function timeless(whole: WholeStream | undefined): unknown {
  const consumers = Object.entries(whole?.consumers ?? {}).map(([name, consumer]) => [
    name,
    { ...consumer, created: "" },
  ]);
  return { ...whole, created: "", consumers };
}
