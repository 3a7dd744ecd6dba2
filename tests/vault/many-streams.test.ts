/**
 * Invariants: however many streams an account has, all of them are in the snapshot and come back equal; and the number
 * of restic calls (half a second each for the key alone) does not grow with the number of streams. The server restores one
 * at a time: several at once may end it (ADR 0110).
 */
import pMap from "p-map";
import { expect, test } from "vitest";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { streamNames } from "../../src/nats/streams.ts";
import { openSnapshot, resolveSnapshot } from "../../src/vault/catalog.ts";
import { countRestic } from "../support/counted-restic.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { makePlace, running } from "../support/place.ts";
import { createConsumer, createStream, openServer, publish, take } from "../support/streams.ts";
import { readWhole } from "../support/whole-stream.ts";

const count = 600;
const names = Array.from({ length: count }, (_, index) => `S${index}`);

test("600 streams, each tenth with a consumer, are saved and restored", { timeout: 180_000 }, async () => {
  await using source = await startNatsServer();
  await using from = await openServer(source.url);
  await pMap(names, (name, index) => fill(from.jetstream, name, index), { concurrency: 16 });
  const before = await readAll(from.jetstream);
  await using place = await makePlace({ isEmpty: true });
  const { repository, calls } = await countRestic(place);

  const report = await place.backUp(from.jetstream, { repository });
  expect(report.streams.filter(({ outcome }) => outcome !== "saved")).toEqual([]);
  expect(await calls()).toEqual(["cat", "init", "backup", "rewrite", "snapshots", "forget"]);
  const snapshot = await resolveSnapshot(repository, "latest", {}, running);
  const { manifests } = await openSnapshot(repository, snapshot, running);
  expect(manifests.map(({ stream }) => stream).sort()).toEqual([...names].sort());
  await source.stop();
  await calls();

  await using target = await startNatsServer();
  const restored = await place.bringBack(target.url, { repository });
  expect(restored.streams.filter(({ outcome }) => outcome !== "restored")).toEqual([]);
  expect(await calls()).toEqual(["restore", "dump"]);
  const told = (await target.log()).match(/(Starting|Completed) restore/g) ?? [];
  expect(told).toEqual(names.flatMap(() => ["Starting restore", "Completed restore"]));
  await using into = await openServer(target.url);
  expect(await readAll(into.jetstream)).toEqual(before);
});

async function fill(jetstream: JetStream, name: string, index: number): Promise<void> {
  await createStream(jetstream, name);
  for (let number = 0; number < index % 5; number++) await publish(jetstream, `${name}.x`, `${name} ${number}`);
  if (index % 10 !== 3) return;
  await createConsumer(jetstream, name, "reader");
  await take(jetstream, { stream: name, consumer: "reader", count: 2, isAcknowledged: (at) => at === 0 });
}

async function readAll(jetstream: JetStream): Promise<Record<string, unknown>> {
  const found = await streamNames(jetstream, {});
  const read = async (name: string) => [name, await readWhole(jetstream, name)] as const;
  return Object.fromEntries(await pMap(found, read, { concurrency: 8 }));
}
