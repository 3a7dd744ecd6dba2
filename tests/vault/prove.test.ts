/**
 * Invariant: a whole snapshot of any kind of stream is proven with equal digests, the evidence stays in the repository,
 * and nothing else stays: no server, no folder, also when the proof is interrupted.
 */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { Failure } from "../../src/kit/failures.ts";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { streamInfo } from "../../src/nats/streams.ts";
import type { BackupReport } from "../../src/vault/backup.ts";
import { listSnapshots, resolveSnapshot, type SnapshotEntry } from "../../src/vault/catalog.ts";
import type { Progress } from "../../src/vault/progress.ts";
import { listProofs, type ProofReport } from "../../src/vault/prove.ts";
import { eventually } from "../support/eventually.ts";
import { failureOf } from "../support/failure-of.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { makePlace, type Place, running } from "../support/place.ts";
import { proveAt } from "../support/proof.ts";
import {
  createConsumer,
  createStream,
  message,
  openServer,
  plant,
  publish,
  publishMany,
  take,
} from "../support/streams.ts";

const secondNs = 1_000_000_000n;
const version = "2.12.15";

async function updateStream(js: JetStream, name: string, config: Record<string, unknown>): Promise<void> {
  const body = { name, subjects: [`${name}.>`], storage: "file", num_replicas: 1n, ...config };
  await js.request(`STREAM.UPDATE.${name}`, body as never, { schema: z.looseObject({}) });
}

/** Each makes one stream that a scratch server must not empty, refuse or change. */
const kinds: Record<string, (js: JetStream, name: string) => Promise<void>> = {
  AGED: async (js, name) => {
    await createStream(js, name, { max_age: 3600n * secondNs });
    await publishMany(js, name, 200);
  },
  TTL: async (js, name) => {
    await createStream(js, name, { allow_msg_ttl: true, allow_direct: true });
    const header = Buffer.from("NATS/1.0\r\nNats-TTL: 1h\r\n\r\n");
    js.connection.publish(`${name}.a`, Buffer.from("with a time to live"));
    await plant(js, `${name}OLD`, {
      config: { allow_msg_ttl: true },
      messages: [
        message(1n, "TTLOLD.a", { header, timestamp: BigInt(Date.now()) * 1_000_000n }),
        message(2n, "TTLOLD.b"),
      ],
    });
  },
  WORK: async (js, name) => {
    await createStream(js, name, { retention: "workqueue" });
    await publishMany(js, name, 100);
    await createConsumer(js, name, "worker");
    await take(js, { stream: name, consumer: "worker", count: 40, isAcknowledged: (at) => at % 3 !== 0 });
  },
  INTEREST: async (js, name) => {
    await createStream(js, name, { retention: "interest" });
    await createConsumer(js, name, "one");
    await createConsumer(js, name, "two");
    await publishMany(js, name, 100);
    await take(js, { stream: name, consumer: "one", count: 60, isAcknowledged: () => true });
  },
  MIRROR: async (js, name) => {
    await createStream(js, "ORIGIN");
    await publishMany(js, "ORIGIN", 60);
    await createStream(js, name, { subjects: undefined, mirror: { name: "ORIGIN" } } as never);
    // a server asks a second time for what was lost between its own parts, but only after some ten seconds
    const isFilled = async () => (await streamInfo(js, name, {})).state.messages === 60n;
    await eventually("a mirror with all of its origin", isFilled, { timeoutMs: 40_000 });
  },
  SEALED: async (js, name) => {
    await createStream(js, name);
    await publishMany(js, name, 20);
    await updateStream(js, name, { sealed: true });
  },
  BUCKET: async (js, name) => {
    await createStream(js, name, {
      max_msgs_per_subject: 1n,
      discard: "new",
      discard_new_per_subject: true,
      deny_delete: true,
    });
    for (const key of ["a", "b", "c"]) await publish(js, `${name}.${key}`, key);
  },
  FIRST: async (js, name) => await createStream(js, name, { first_seq: 1000n }),
  FIRSTFILLED: async (js, name) => {
    await createStream(js, name, { first_seq: 5000n });
    await publishMany(js, name, 10);
  },
  IDLE: async (js, name) => {
    await createStream(js, name);
    await publishMany(js, name, 30);
    await createConsumer(js, name, "seldom", { inactive_threshold: 3600n * secondNs });
  },
  EMPTY: async (js, name) => await createStream(js, name),
  // older than its max_age when it is proven, not when it is saved: no other may take its time behind it
  EXPIRING: async (js, name) => {
    await createStream(js, name, { max_age: 8n * secondNs });
    await publishMany(js, name, 50);
  },
};

describe("a snapshot of streams of every kind", () => {
  let place: Place;
  let backup: BackupReport;
  let snapshot: SnapshotEntry;
  let proof: ProofReport;

  beforeAll(async () => {
    place = await makePlace();
    await using server = await startNatsServer({ version });
    await using from = await openServer(server.url);
    for (const [name, make] of Object.entries(kinds)) await make(from.jetstream, name);
    backup = await place.backUp(from.jetstream);
    snapshot = await resolveSnapshot(place.repository, "latest", {}, running);
    await sleep(8000);
    proof = await proveAt(place, snapshot);
  }, 120_000);

  afterAll(async () => await place[Symbol.asyncDispose]());

  test("is whole", () => {
    expect(backup.streams.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    expect(backup.complete).toBe(true);
  });

  test.each([...Object.keys(kinds), "TTLOLD", "ORIGIN"])("%s is proven", (name) => {
    const saved = backup.streams.find(({ stream }) => stream === name);
    if (saved?.outcome !== "saved") throw new Error(`${name} was not saved`);
    const { digest, messages, consumers } = saved;
    expect(proof.streams.find(({ stream }) => stream === name)).toEqual({
      stream: name,
      proven: true,
      messages,
      digest,
      expected: digest,
      consumers,
      problem: undefined,
    });
  });

  test("is proven by a newer server as well", async () => {
    const report = await proveAt(place, snapshot, { version: "2.15.1" });
    expect(report.streams.filter(({ proven }) => !proven)).toEqual([]);
    expect(report).toMatchObject({ proven: true, serverVersion: "2.15.1" });
  });

  test("has its evidence in the repository, which is no backup", async () => {
    expect(proof.proven).toBe(true);
    const [first] = await listProofs(place.repository, running);
    expect(first).toMatchObject({ proven: true, snapshot: snapshot.id, proof: proof.proof, serverVersion: version });
    expect(first?.streams.map(({ stream }) => stream)).toEqual(proof.streams.map(({ stream }) => stream));
    expect(await place.repository.snapshots({ ids: [proof.proof] }, running)).toMatchObject([
      { host: "proof.coldstream", tags: expect.arrayContaining(["proof", "proven", `snapshot=${snapshot.id}`]) },
    ]);
    expect((await listSnapshots(place.repository, { all: true }, running)).map(({ id }) => id)).toEqual([snapshot.id]);
  });

  test.each(["before the first stream", "during a stream"])(
    "interrupted %s, it leaves nothing behind",
    async (when) => {
      const controller = new AbortController();
      const interrupted = new Failure("interrupted", "interrupted");
      const proofs = await listProofs(place.repository, running);
      const onProgress = ({ step }: Progress) => {
        if (step !== "proving") return;
        if (when === "during a stream") setTimeout(() => controller.abort(interrupted), 30);
        else controller.abort(interrupted);
      };
      const own = { signal: controller.signal, onProgress };
      expect((await failureOf(proveAt(place, snapshot, { running: own }))).code).toBe("interrupted");
      expect(await scratchFolders(place)).toEqual([]);
      expect(await scratchServers(place)).toEqual([]);
      expect(await listProofs(place.repository, running)).toHaveLength(proofs.length);
    },
  );

  test("and left neither server nor folder when it ended", async () => {
    expect(await scratchFolders(place)).toEqual([]);
    expect(await scratchServers(place)).toEqual([]);
  });
});

async function scratchFolders({ directory }: Place): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.startsWith("coldstream-"));
}

/** Processes whose command line names a folder of the place. */
async function scratchServers({ directory }: Place): Promise<string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes(`${directory}/coldstream-`));
}
