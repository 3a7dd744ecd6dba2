/**
 * Invariants: a replicated stream comes back equal from whichever node was asked, into one server and into another
 * cluster; every consumer is there, exact or marked as rolled back, and none skips what is published afterwards.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { describe as describeFailure } from "../../src/kit/failures.ts";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { readStreamSnapshot } from "../../src/nats/snapshot.ts";
import { listConsumers, streamInfo } from "../../src/nats/streams.ts";
import type { BackupReport } from "../../src/vault/backup.ts";
import { openSnapshot, resolveSnapshot } from "../../src/vault/catalog.ts";
import { fingerprint, type StreamFingerprint } from "../../src/vault/live-stream.ts";
import type { ManifestConsumer } from "../../src/vault/manifest.ts";
import type { RestoredStream } from "../../src/vault/restore.ts";
import { eventually } from "../support/eventually.ts";
import { leaderOf, startNatsCluster } from "../support/nats-cluster.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { makePlace, type Place, running } from "../support/place.ts";
import { createConsumer, createStream, deleteMessage, openServer, publishMany, take } from "../support/streams.ts";

const consumers = {
  r3: {},
  "r3-pending": {},
  r1: { num_replicas: 1n },
  three: { num_replicas: 3n },
  memory: { mem_storage: true, num_replicas: 1n },
  "memory-r3": { mem_storage: true },
};
const names = Object.keys(consumers).sort();

describe.each(["2.12.15", "2.15.1"] as const)("an R3 stream of a %s cluster", (version) => {
  let place: Place;
  let report: BackupReport;
  let before: StreamFingerprint;
  let saved: readonly ManifestConsumer[];

  beforeAll(async () => {
    place = await makePlace();
    await using cluster = await startNatsCluster(version, "SOURCE");
    const [first] = cluster.nodes;
    await using from = await openServer(first?.url ?? "");
    await fill(from.jetstream);
    before = await fingerprint(from.jetstream, "R3", running);
    const leader = await leaderOf(from.jetstream, "R3");
    const other = cluster.nodes.find((_, index) => `SOURCE${index + 1}` !== leader);
    await using asked = await openServer(other?.url ?? "");
    expect(asked.jetstream.connection.serverName).not.toBe(leader);
    report = await place.backUp(asked.jetstream);
    const snapshot = await resolveSnapshot(place.repository, "latest", {}, running);
    const { manifests } = await openSnapshot(place.repository, snapshot, running);
    saved = manifests[0]?.consumers ?? [];
    return () => place[Symbol.asyncDispose]();
  }, 120_000);

  test("is saved whole through a node that does not lead it", () => {
    const { digest, messages } = before;
    expect(report.streams).toMatchObject([{ outcome: "saved", stream: "R3", messages, digest, consistency: "exact" }]);
    expect(saved.map(({ name }) => name).sort()).toEqual(names);
    for (const { exact, notes } of saved) expect(notes.length).toBe(exact === "exact" ? 0 : 1);
    expect(saved.find(({ name }) => name === "r3")?.exact).toBe("exact");
  });

  test("comes back on a single server with one replica", async () => {
    await using target = await startNatsServer({ version });
    const restored = await place.bringBack(target.url, { replicas: 1 });
    expect(restored.streams.map(outcomeOf)).toEqual(["restored"]);
    await using into = await openServer(target.url);
    expect((await streamInfo(into.jetstream, "R3", {})).config.num_replicas).toBe(1n);
    expect(notesOf(restored.streams)).toContain("consumer three gets 1 replicas, as its stream has, instead of 3");
    await compare(into.jetstream);
  });

  test("comes back in another cluster with three replicas", { timeout: 120_000 }, async () => {
    await using cluster = await startNatsCluster(version, "TARGET");
    const node = cluster.nodes[1];
    const restored = await place.bringBack(node?.url ?? "", { replicas: 3 });
    expect(restored.streams.map(outcomeOf)).toEqual(["restored"]);
    await using into = await openServer(node?.url ?? "");
    await untilCurrent(into.jetstream);
    await compare(into.jetstream);
  });

  async function compare(jetstream: JetStream): Promise<void> {
    expect(await fingerprint(jetstream, "R3", running)).toEqual(before);
    const listed = (await listConsumers(jetstream, "R3", {})).filter(({ name }) => name in consumers);
    expect(listed.map(({ name }) => name).sort()).toEqual(names);
    await publishMany(jetstream, "R3", 20, 30);
    const delivering = await Promise.all(names.map((name) => deliversAll(jetstream, name)));
    expect(names.filter((_, index) => delivering[index] !== true)).toEqual([]);
  }
});

function notesOf(streams: readonly RestoredStream[]): string[] {
  return streams.flatMap((one) => (one.outcome === "restored" ? one.notes : []));
}

function outcomeOf(one: RestoredStream): string {
  return one.outcome === "failed" ? describeFailure(one.failure) : one.outcome;
}

async function fill(jetstream: JetStream): Promise<void> {
  await createStream(jetstream, "R3", { num_replicas: 3n });
  await publishMany(jetstream, "R3", 2000);
  for (const sequence of [5n, 700n, 1999n, 2000n]) await deleteMessage(jetstream, "R3", sequence);
  for (const [name, config] of Object.entries(consumers)) await createConsumer(jetstream, "R3", name, config);
  for (const name of names) {
    const isAcknowledged = (index: number) => name === "r3" || index % 4 !== 1;
    await take(jetstream, { stream: "R3", consumer: name, count: 100, isAcknowledged });
  }
  await eventually(
    "all acknowledgements of r3 in what is stored",
    async () => (await storedFloor(jetstream, "r3")) === 100n,
  );
}

/** The consumer sequence up to which all is acknowledged, as a backup finds it: acks reach the stream's leader later. */
async function storedFloor(jetstream: JetStream, consumer: string): Promise<bigint | undefined> {
  let floor: bigint | undefined;
  await readStreamSnapshot(jetstream, "R3", (event) => {
    if (event.kind === "consumer" && event.consumer.name === consumer) floor = event.consumer.state.ackFloor.consumer;
  });
  return floor;
}

/** Takes what a consumer has to give until all that was published last is among it. */
async function deliversAll(jetstream: JetStream, consumer: string): Promise<boolean> {
  const missing = new Set(Array.from({ length: 20 }, (_, index) => Buffer.alloc(30, `R3 ${index + 1} `).toString()));
  const request = { stream: "R3", consumer, count: 2020, isAcknowledged: () => true, patienceMs: 1 };
  for (let waited = 0; missing.size > 0 && waited < 40; waited++) {
    for (const body of await take(jetstream, request)) missing.delete(body);
    if (missing.size > 0) await sleep(500);
  }
  return missing.size === 0;
}

const Replicas = z.looseObject({
  cluster: z.looseObject({ replicas: z.array(z.looseObject({ current: z.boolean() })) }),
});

async function untilCurrent(jetstream: JetStream): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 200) {
    const { cluster } = await jetstream.request("STREAM.INFO.R3", undefined, { schema: Replicas });
    if (cluster.replicas.length === 2 && cluster.replicas.every(({ current }) => current)) return;
    await sleep(200);
  }
  throw new Error("the replicas are not current after 20 s");
}
