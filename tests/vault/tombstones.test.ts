/** Invariant: segments and the tombstone block, put together as they are, are the stream that the manifest describes. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { metaFiles } from "../../src/nats/codec/archive.ts";
import { ArchiveWriter } from "../../src/nats/codec/archive-writer.ts";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { restoreStream } from "../../src/nats/restore.ts";
import { capture } from "../../src/vault/capture.ts";
import { fingerprint } from "../../src/vault/live-stream.ts";
import type { Manifest } from "../../src/vault/manifest.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { running } from "../support/place.ts";
import { natsServerVersions } from "../support/programs.ts";
import { createStream, deleteMessage, openServer, publishMany, purge } from "../support/streams.ts";

test("messages that die while a stream is captured", async () => {
  await using server = await startNatsServer();
  await using opened = await openServer(server.url);
  await createStream(opened.jetstream, "DYING");
  await publishMany(opened.jetstream, "DYING", 40_000, 500);
  await deleteMessage(opened.jetstream, "DYING", 7n);
  const staging = await mkdtemp(join(tmpdir(), "coldstream-tombstones-"));
  try {
    const dying = beforeRounds(opened.jetstream, "DYING", async () => {
      for (const sequence of [1000n, 20_000n, 20_001n, 39_999n, 40_000n])
        await deleteMessage(opened.jetstream, "DYING", sequence);
      await purge(opened.jetstream, "DYING", { seq: 50n });
    });
    const manifest = await capture(dying, "DYING", staging, running);
    const source = await fingerprint(opened.jetstream, "DYING", running);
    expect(manifest).toMatchObject({
      consistency: "exact",
      digest: source.digest,
      state: { messages: source.messages },
    });
    expect(manifest.tombstones).not.toBeNull();
    for (const version of natsServerVersions) {
      await using target = await startNatsServer({ version });
      await using into = await openServer(target.url);
      await restoreStream(into.jetstream, { config: manifest.config }, assemble(staging, manifest), { dropped: [] });
      expect(await fingerprint(into.jetstream, "DYING", running)).toEqual(source);
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
});

/** Does something between the snapshot and the first round, which begins with the second STREAM.INFO. */
function beforeRounds(jetstream: JetStream, stream: string, act: () => Promise<void>): JetStream {
  let asked = 0;
  return {
    connection: jetstream.connection,
    prefix: jetstream.prefix,
    async request(call, body, options) {
      if (call === `STREAM.INFO.${stream}`) asked++;
      if (call === `STREAM.INFO.${stream}` && asked === 2) await act();
      return await jetstream.request(call, body, options);
    },
  };
}

/** As docs/format.md says: every segment and the tombstones, each under its number. */
async function* assemble(staging: string, manifest: Manifest): AsyncGenerator<Uint8Array> {
  const writer = new ArchiveWriter();
  for (const [name, bytes] of metaFiles(manifest.config, manifest.created)) yield* writer.entry(name, bytes);
  const blocks = manifest.tombstones === null ? manifest.segments : [...manifest.segments, manifest.tombstones];
  for (const { file, number } of blocks) {
    yield* writer.entry(`msgs/${number}.blk`, await readFile(join(staging, "streams", manifest.folder, file)));
  }
  yield* writer.end();
}
