/**
 * Invariant: a bucket that is written to all the time comes back with every key, each with a value that the key had
 * during the backup; and the restored stream is the one whose digest the backup reported.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { StoredMessage } from "../../src/nats/message.ts";
import { openReader } from "../../src/nats/messages.ts";
import { streamInfo } from "../../src/nats/streams.ts";
import type { BackupReport } from "../../src/vault/backup.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { makePlace } from "../support/place.ts";
import { createStream, openServer } from "../support/streams.ts";
import { readWhole } from "../support/whole-stream.ts";

const keys = 20_000;
const rate = 15_000;
const runs = process.env.COLDSTREAM_LONG === "1" ? 10 : 2;

describe.each(["2.12.15", "2.15.1"] as const)(
  "a bucket of 20,000 keys under 15,000 updates a second on %s",
  (version) => {
    test.each(Array.from({ length: runs }, (_, run) => run + 1))("loses no key, run %d", async () => {
      await using server = await startNatsServer({ version });
      await using opened = await openServer(server.url);
      await using place = await makePlace();
      const { jetstream } = opened;
      const bucket = {
        subjects: ["$KV.live.>"],
        max_msgs_per_subject: 1n,
        discard: "new",
        allow_direct: true,
        deny_delete: true,
      };
      await createStream(jetstream, "KV_live", bucket);
      const writer = fork(join(import.meta.dirname, "../support/bucket-writer.ts"), [
        server.url,
        String(keys),
        String(rate),
      ]);
      const ended = once(writer, "exit");
      const reached = async () => (await streamInfo(jetstream, "KV_live", {})).state.last_seq;
      let [started, finished] = [0n, 0n];
      let report: BackupReport;
      try {
        await eventually("every key written twice", async () => (await reached()) >= BigInt(2 * keys));
        started = await reached();
        report = await place.backUp(jetstream);
        finished = await reached();
      } finally {
        writer.kill();
        await ended;
      }
      expect(finished).toBeGreaterThan(started);
      const [saved] = report.streams;
      expect(saved).toMatchObject({ outcome: "saved", messages: BigInt(keys), consistency: "exact" });

      await using target = await startNatsServer({ version });
      const restored = await place.bringBack(target.url);
      expect(restored.streams).toMatchObject([{ outcome: "restored", messages: BigInt(keys) }]);
      await using into = await openServer(target.url);
      expect((await readWhole(into.jetstream, "KV_live")).digest).toBe(saved?.outcome === "saved" ? saved.digest : "");
      const messages = await readAll(into.jetstream);
      expect(new Set(messages.map(({ subject }) => Buffer.from(subject).toString())).size).toBe(keys);
      expect(messages.filter((message) => !hadValue(message, { started, finished }))).toEqual([]);
    });
  },
);

/** Update u is sequence u + 1 and is overwritten by sequence u + 1 + keys. */
function hadValue(message: StoredMessage, { started, finished }: { started: bigint; finished: bigint }): boolean {
  const update = Number(message.sequence) - 1;
  const isOwn = Buffer.from(message.payload).toString() === String(update);
  const isKey = Buffer.from(message.subject).toString() === `$KV.live.key${update % keys}`;
  return isOwn && isKey && message.sequence + BigInt(keys) > started && message.sequence <= finished;
}

async function readAll(jetstream: Parameters<typeof streamInfo>[0]): Promise<StoredMessage[]> {
  const info = await streamInfo(jetstream, "KV_live", {});
  const messages: StoredMessage[] = [];
  await using reader = await openReader(jetstream, info, 1n, { consumerName: "check" });
  await reader.readThrough(info.state.last_seq, (message) => void messages.push(message), {});
  return messages;
}
