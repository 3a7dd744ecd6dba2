/**
 * Invariant: what Stash saved comes back equal, whichever server it was dumped from and wherever restic found it; what is
 * not whole is named, and is not restored.
 */
import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { describe as describeFailure } from "../../src/kit/failures.ts";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { streamInfo, streamNames } from "../../src/nats/streams.ts";
import { listSnapshots, openSnapshot, resolveSnapshot, type SnapshotEntry } from "../../src/vault/catalog.ts";
import { forgetSnapshots } from "../../src/vault/retention.ts";
import { failureOf } from "../support/failure-of.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { makePlace, type Place, running } from "../support/place.ts";
import { proveAt } from "../support/proof.ts";
import { canPlaceAnywhere, stashBackup, stashPaths } from "../support/stash-repository.ts";
import {
  createConsumer,
  createStream,
  deleteMessage,
  openServer,
  publishMany,
  purge,
  take,
} from "../support/streams.ts";
import { readWhole, type WholeStream } from "../support/whole-stream.ts";

const isAnywhere = await canPlaceAnywhere();

/** Streams with gaps, compression, consumers, an emptied one, a bucket and an object store. */
async function fill(jetstream: JetStream): Promise<void> {
  await createStream(jetstream, "ORDERS", { compression: "s2", metadata: { owner: "shop" } });
  await publishMany(jetstream, "ORDERS", 3000);
  await createConsumer(jetstream, "ORDERS", "reader");
  await take(jetstream, { stream: "ORDERS", consumer: "reader", count: 20, isAcknowledged: (at) => at % 2 === 0 });
  for (const sequence of [5n, 6n, 700n, 3000n]) await deleteMessage(jetstream, "ORDERS", sequence);
  await createStream(jetstream, "EMPTIED", { max_msgs: 1000n });
  await publishMany(jetstream, "EMPTIED", 50);
  await purge(jetstream, "EMPTIED");
  await createStream(jetstream, "CAPPED", { max_msgs: 100n });
  await publishMany(jetstream, "CAPPED", 1234);
  await createStream(jetstream, "KV_settings", { subjects: ["$KV.settings.>"], max_msgs_per_subject: 1n });
  await publishMany(jetstream, "$KV.settings", 100);
  await createStream(jetstream, "OBJ_files", { subjects: ["$O.files.>"] });
  await publishMany(jetstream, "$O.files", 10);
}

const names = ["CAPPED", "EMPTIED", "KV_settings", "OBJ_files", "ORDERS"];

async function readAll({ url }: TestServer): Promise<Record<string, WholeStream>> {
  await using opened = await openServer(url);
  const found: Record<string, WholeStream> = {};
  for (const name of await streamNames(opened.jetstream, {})) found[name] = await readWhole(opened.jetstream, name);
  return found;
}

/** V2 archives hold no configuration and no times of creation. */
function withoutLost(streams: Record<string, WholeStream>) {
  return Object.fromEntries(
    Object.entries(streams).map(([name, { created: _c, config, consumers, ...rest }]) => {
      const { compression: _s2, metadata: _m, ...known } = config;
      const places = Object.entries(consumers).map(([consumer, { created: _created, ...one }]) => [consumer, one]);
      return [name, { ...rest, config: known, consumers: Object.fromEntries(places) }];
    }),
  );
}

describe.each(["2.10.27", "2.12.15", "2.15.1"] as const)("a dump of %s", (version) => {
  let server: TestServer;
  let place: Place;
  let before: Record<string, WholeStream>;
  let snapshot: SnapshotEntry;

  beforeAll(async () => {
    [server, place] = [await startNatsServer({ version }), await makePlace()];
    await using opened = await openServer(server.url);
    await fill(opened.jetstream);
    before = await readAll(server);
    const path = version === "2.10.27" ? stashPaths[1] : stashPaths[0];
    snapshot = await stashBackup(place, opened.jetstream, isAnywhere ? { path } : {});
    return async () => {
      for (const one of [server, place]) await one[Symbol.asyncDispose]();
    };
  }, 120_000);

  test("is listed and shown", async () => {
    expect(snapshot).toMatchObject({
      target: "",
      complete: true,
      stash: { root: expect.stringMatching(/^\/.*data$/) },
    });
    if (isAnywhere) expect(stashPaths).toContain(snapshot.stash?.root);
    const { manifests, index } = await openSnapshot(place.repository, snapshot, running);
    expect(index.failed).toEqual([]);
    expect(manifests.map(({ stream, state }) => [stream, state.messages])).toEqual(
      names.map((name) => [name, before[name]?.messages]),
    );
    expect(await resolveSnapshot(place.repository, "latest", { target: "stash:host-0" }, running)).toEqual(snapshot);
  });

  test("comes back equal, buckets and consumers included", async () => {
    await using target = await startNatsServer();
    const report = await place.bringBack(target.url, { snapshot });
    expect(report.streams.map(({ stream, outcome }) => [stream, outcome])).toEqual(
      names.map((name) => [name, "restored"]),
    );
    const after = await readAll(target);
    if (version === "2.15.1") expect(withoutLost(after)).toEqual(withoutLost(before));
    else expect(withoutServer(after)).toEqual(withoutServer(before));
    const orders = report.streams.find(({ stream }) => stream === "ORDERS");
    expect(orders).toMatchObject({
      digest: before.ORDERS?.digest,
      consumers: 1,
      notes: expect.not.arrayContaining(["fuzzy"]),
    });
  });

  test("comes back under another name, and over what is there", async () => {
    await using target = await startNatsServer();
    await using opened = await openServer(target.url);
    await createStream(opened.jetstream, "ORDERS");
    await publishMany(opened.jetstream, "ORDERS", 10);
    const renamed = { snapshot, streams: ["CAPPED"], renames: new Map([["CAPPED", "COPY"]]) };
    expect((await place.bringBack(target.url, renamed)).streams).toMatchObject([{ outcome: "restored", as: "COPY" }]);
    const over = { snapshot, streams: ["ORDERS"], onConflict: "overwrite" as const };
    expect((await place.bringBack(target.url, over)).streams).toMatchObject([{ outcome: "restored" }]);
    const after = await readAll(target);
    expect(after.COPY?.digest).toBe(before.CAPPED?.digest);
    expect(after.ORDERS?.digest).toBe(before.ORDERS?.digest);
    expect(Object.keys(after).toSorted()).toEqual(["COPY", "ORDERS"]);
  });

  test("is proven", async () => {
    const proof = await proveAt(place, snapshot);
    expect(proof.streams.map(({ problem }) => problem)).toEqual(names.map(() => undefined));
    expect(proof).toMatchObject({ proven: true });
    expect(proof.streams.map(({ digest }) => digest)).toEqual(names.map((name) => before[name]?.digest));
  });
});

/** Fields that the one server writes into every configuration and the other does not know. */
function withoutServer(streams: Record<string, WholeStream>) {
  return Object.fromEntries(
    Object.entries(streams).map(([name, { config, consumers, ...rest }]) => {
      const { allow_msg_ttl: _t, allow_atomic: _a, allow_msg_counter: _c, allow_msg_schedules: _s, ...known } = config;
      // 2.10 tells another time of a consumer's creation, by microseconds, than it stores
      const places = Object.entries(consumers).map(([consumer, { state }]) => [consumer, state]);
      const { persist_mode: _p, allow_batched: _b, ...plain } = known;
      return [name, { ...rest, config: plain, consumers: Object.fromEntries(places) }];
    }),
  );
}

describe("a dump that is not whole", () => {
  let server: TestServer;
  let place: Place;

  beforeAll(async () => {
    [server, place] = [await startNatsServer(), await makePlace()];
    await using opened = await openServer(server.url);
    for (const name of ["A", "B"]) {
      await createStream(opened.jetstream, name);
      await publishMany(opened.jetstream, name, 2000);
    }
    return async () => {
      for (const one of [server, place]) await one[Symbol.asyncDispose]();
    };
  }, 60_000);

  async function flip(path: string): Promise<void> {
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(path, bytes);
  }

  test.each<[string, (folder: string) => Promise<void>, RegExp]>([
    [
      "a flipped bit",
      (folder) => flip(join(folder, "A/stream.tar.s2")),
      /reading the snapshot of stream A: .*(corrupt|checksum)/,
    ],
    ["an end that is missing", (folder) => truncate(join(folder, "A/stream.tar.s2"), 5000), /dump of stream A/],
    ["an archive that is missing", (folder) => rm(join(folder, "A/stream.tar.s2")), /its stream.tar.s2 is missing/],
    ["a description that is empty", (folder) => truncate(join(folder, "A/backup.json"), 0), /the dump was interrupted/],
    ["a folder that is missing", (folder) => rm(join(folder, "A"), { recursive: true }), /its folder is missing/],
  ])("for %s is named, and the others are restored", async (_title, edit, reason) => {
    await using opened = await openServer(server.url);
    const snapshot = await stashBackup(place, opened.jetstream, { edit });
    await using target = await startNatsServer();
    const report = await place.bringBack(target.url, { snapshot });
    const failures = report.streams.flatMap((one) => (one.outcome === "failed" ? [one] : []));
    expect(failures.map(({ stream }) => stream)).toEqual(["A"]);
    expect(failures.map(({ failure }) => describeFailure(failure)).join()).toMatch(reason);
    const failure = await failureOf(place.bringBack(target.url, { snapshot, streams: ["A"] }));
    expect(["damaged", "stream-not-found"]).toContain(failure?.code);
    expect(describeFailure(failure)).toMatch(reason);
    await using into = await openServer(target.url);
    expect(await streamNames(into.jetstream, {})).toEqual(["B"]);
    const proof = await proveAt(place, snapshot);
    expect(proof).toMatchObject({ proven: false });
    expect(proof.streams.find(({ stream }) => stream === "A")?.problem).toMatch(reason);
  });

  test("because it has no streams, is nothing to restore", async () => {
    await using opened = await openServer(server.url);
    const snapshot = await stashBackup(place, opened.jetstream, {
      streams: null,
      edit: async (folder) => {
        for (const name of ["A", "B"]) await rm(join(folder, name), { recursive: true });
      },
    });
    expect((await openSnapshot(place.repository, snapshot, running)).manifests).toEqual([]);
    expect((await place.bringBack(server.url, { snapshot })).streams).toEqual([]);
  });

  test("because the stream changed meanwhile, comes back with a note", async () => {
    await using opened = await openServer(server.url);
    const edit = async (folder: string) => {
      const path = join(folder, "B/backup.json");
      const text = await readFile(path, "utf8");
      await writeFile(path, text.replace(/"messages":\s*2000/, '"messages": 2001'));
    };
    const snapshot = await stashBackup(place, opened.jetstream, { edit });
    await using target = await startNatsServer();
    const report = await place.bringBack(target.url, { snapshot, streams: ["B"] });
    expect(report.streams).toMatchObject([
      { outcome: "restored", messages: 2000n, notes: [expect.stringContaining("no state of one moment")] },
    ]);
  });
});

test("retention keeps Stash's apart by host and path, and from those of others", async () => {
  await using server = await startNatsServer();
  await using place = await makePlace();
  await using opened = await openServer(server.url);
  await createStream(opened.jetstream, "A");
  await publishMany(opened.jetstream, "A", 10);
  const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour));
  for (const hour of [1, 2, 3]) await stashBackup(place, opened.jetstream, { time: at(hour) });
  for (const hour of [4, 5]) await stashBackup(place, opened.jetstream, { time: at(hour), host: "alias" });
  await place.backUp(opened.jetstream);
  const { remove } = await forgetSnapshots(place.repository, { keepLast: 1 }, { prune: false, dryRun: false }, running);
  expect(remove.map(({ time }) => time.getUTCHours()).toSorted()).toEqual([1, 2, 4]);
  const left = await listSnapshots(place.repository, {}, running);
  expect(left.map(({ host, stash }) => [host, stash === undefined])).toEqual([
    ["host-0", false],
    ["alias", false],
    ["host-0", true],
  ]);
  expect((await streamInfo(opened.jetstream, "A")).state.messages).toBe(10n);
});
