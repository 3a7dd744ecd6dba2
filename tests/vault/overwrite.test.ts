/**
 * Invariants: an overwrite ends with exactly what the snapshot holds, consumers included, and nothing temporary; what
 * refuses or fails before the old stream is deleted leaves that one as it was.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { streamInfo, streamNames } from "../../src/nats/streams.ts";
import { resolveSnapshot } from "../../src/vault/catalog.ts";
import type { RestorePlan } from "../../src/vault/plan.ts";
import { planRestore, type RestoreRequest } from "../../src/vault/restore.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { makePlace, type Place, running } from "../support/place.ts";
import { natsServerVersions } from "../support/programs.ts";
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

describe.each(natsServerVersions)("on %s", (version) => {
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
