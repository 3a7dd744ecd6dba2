import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { eventually } from "../../tests/support/eventually.ts";
import { failureOf } from "../../tests/support/failure-of.ts";
import { startNatsServer } from "../../tests/support/nats-server.ts";
import { natsServerVersions } from "../../tests/support/programs.ts";
import { numbered, openSampleStream, publishAll } from "../../tests/support/sample-stream.ts";
import { startTcpProxy } from "../../tests/support/tcp-proxy.ts";
import { type JsonObject, parseJson, writeJson } from "../kit/json.ts";
import { connect } from "./connection.ts";
import { ApiFailure, type JetStream, openJetStream } from "./jetstream.ts";
import { openReader } from "./messages.ts";
import { restoreStream } from "./restore.ts";
import { readSnapshot } from "./snapshot.ts";
import { deleteStream, listConsumers, streamInfo, streamNames } from "./streams.ts";

const anything = { schema: z.looseObject({}) };

interface Archive {
  readonly config: JsonObject;
  readonly bytes: Buffer;
}

/** The snapshot of 3000 messages of `bytes` that do not compress. */
async function makeArchive(version: (typeof natsServerVersions)[number], bytes = 2000): Promise<Archive> {
  await using server = await startNatsServer({ version });
  await using stream = await openSampleStream(server);
  await publishAll(stream.connection, numbered(3000), crypto.getRandomValues(Buffer.alloc(bytes)));
  const chunks: Uint8Array[] = [];
  const { config } = await readSnapshot(stream.js, "S", (chunk) => void chunks.push(chunk));
  return { config, bytes: Buffer.concat(chunks) };
}

/** The frames of an S2 stream; `before` is called with the number of each. */
async function* framesOf(
  { bytes }: Archive,
  before?: (number: number) => void | Promise<void>,
): AsyncGenerator<Buffer> {
  let number = 0;
  for (let at = 0; at < bytes.length; number++) {
    const length = 4 + bytes.readUIntLE(at + 1, 3);
    await before?.(number);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

async function digestOf(js: JetStream): Promise<string[]> {
  const digest: string[] = [];
  const info = await streamInfo(js, "S");
  await using reader = await openReader(js, info, 1n);
  await reader.readThrough(info.state.last_seq, ({ sequence, timestamp, subject, payload }) => {
    digest.push(`${sequence} ${timestamp} ${Buffer.from(subject)} ${payload.length}`);
  });
  return digest;
}

describe.each(natsServerVersions)("nats-server %s", (version) => {
  test("a server's own archive comes back on another server, message by message", async () => {
    await using source = await startNatsServer({ version });
    await using stream = await openSampleStream(source);
    await publishAll(stream.connection, numbered(3000), Buffer.alloc(2000, "x"));
    const consumer = { name: "c", durable_name: "c", ack_policy: "explicit" };
    await stream.js.request("CONSUMER.CREATE.S.c", { stream_name: "S", config: consumer }, anything);
    const chunks: Uint8Array[] = [];
    const { config } = await readSnapshot(stream.js, "S", (chunk) => void chunks.push(chunk));
    const archive = { config, bytes: Buffer.concat(chunks) };
    await using target = await startNatsServer({ version });
    await using connection = await connect({ servers: [target.url] });
    const js = openJetStream(connection);
    let progress = 0;
    const info = await restoreStream(js, archive, framesOf(archive), {
      chunkBytes: 10_000,
      windowBytes: 30_000,
      onProgress: (bytes) => {
        expect(bytes).toBeGreaterThan(progress);
        progress = bytes;
      },
    });
    expect(info.state).toMatchObject({ messages: 3000n, last_seq: 3000n });
    expect(progress).toBe(archive.bytes.length);
    expect(await digestOf(js)).toEqual(await digestOf(stream.js));
    expect((await listConsumers(js, "S")).map(({ name }) => name)).toEqual(["c"]);
  });

  test("frames that are late 10 s do not end it", async () => {
    const archive = await makeArchive(version);
    await using target = await startNatsServer({ version });
    await using connection = await connect({ servers: [target.url] });
    const js = openJetStream(connection);
    const frames = framesOf(archive, (number) => (number === 3 ? sleep(10_000) : undefined));
    const info = await restoreStream(js, archive, frames);
    expect(info.state.messages).toBe(3000n);
  });

  test("an existing stream is a conflict and stays as it is", async () => {
    const archive = await makeArchive(version, 10);
    await using target = await startNatsServer({ version });
    await using stream = await openSampleStream(target);
    await publishAll(stream.connection, numbered(3));
    const failure = await failureOf(restoreStream(stream.js, archive, framesOf(archive)));
    expect(failure.code).toBe("conflict");
    expect((await streamInfo(stream.js, "S")).state.messages).toBe(3n);
  });

  test("damage on the way to the server is never a success", async () => {
    const archive = await makeArchive(version);
    const bytes = Buffer.from(archive.bytes);
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await using target = await startNatsServer({ version });
    await using connection = await connect({ servers: [target.url] });
    for (const broken of [bytes, archive.bytes.subarray(0, archive.bytes.length >> 1)]) {
      const js = openJetStream(connection);
      const whole = (async function* () {
        yield broken;
      })();
      const failure = await failureOf(restoreStream(js, { config: archive.config }, whole));
      expect(failure).toBeInstanceOf(ApiFailure);
      expect(failure.code).toBe("server-refused");
      if (version === "2.15.1") await deleteStream(js, "S").catch(() => {});
      expect(await streamNames(js)).toEqual([]);
    }
  });
});

describe("given up", () => {
  test.each(["2.10.27", "2.12.15", "2.14.5"] as const)(
    "when the frames fail, nothing is left on nats-server %s",
    async (version) => {
      const archive = await makeArchive(version);
      await using target = await startNatsServer({ version });
      await using connection = await connect({ servers: [target.url] });
      const js = openJetStream(connection);
      const fail = (number: number) => {
        if (number === 4) throw new Error("the repository is gone");
      };
      await expect(restoreStream(js, archive, framesOf(archive, fail), { chunkBytes: 1000 })).rejects.toThrow(
        "the repository is gone",
      );
      await eventually("its failure in the log", async () => /Restore failed/i.test(await target.log()));
      expect(await streamNames(js)).toEqual([]);
      const again = await restoreStream(js, archive, framesOf(archive));
      expect(again.state.messages).toBe(3000n);
    },
  );

  test("when the frames fail before the first, the server is not asked at all", async () => {
    await using target = await startNatsServer();
    await using connection = await connect({ servers: [target.url] });
    const js: JetStream = { ...openJetStream(connection), request: () => Promise.reject(new Error("asked")) };
    const frames = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("nothing there")) }) };
    await expect(restoreStream(js, { config: { name: "S" } }, frames)).rejects.toThrow("nothing there");
  });

  test("on an abort, while frames are awaited", async () => {
    const archive = await makeArchive("2.12.15");
    await using target = await startNatsServer();
    await using connection = await connect({ servers: [target.url] });
    const js = openJetStream(connection);
    const stop = new AbortController();
    const waits = (number: number) => {
      if (number !== 2) return;
      setTimeout(() => stop.abort(), 100);
      return sleep(3000);
    };
    const failure = await failureOf(restoreStream(js, archive, framesOf(archive, waits), { signal: stop.signal }));
    expect(failure.code).toBe("interrupted");
    expect(failure.tookMs).toBeLessThan(2000);
    expect(await streamNames(js)).toEqual([]);
  });

  test("when the server dies, and when it freezes at the end", async () => {
    const archive = await makeArchive("2.12.15");
    await using target = await startNatsServer();
    await using connection = await connect({ servers: [target.url] });
    const kill = (number: number) => (number === 3 ? target.stop("SIGKILL") : undefined);
    const killed = await failureOf(restoreStream(openJetStream(connection), archive, framesOf(archive, kill)));
    expect(killed.code).toBe("server-unreachable");
    await using other = await startNatsServer();
    await using proxy = await startTcpProxy(other.port, {
      onServerFrame: ({ head, body }) =>
        body.includes("stream_create_response") && head.startsWith("MSG") ? undefined : body,
    });
    await using frozen = await connect({ servers: [proxy.url] });
    const options = { finalTimeoutMs: 700 };
    const failure = await failureOf(restoreStream(openJetStream(frozen), archive, framesOf(archive), options));
    expect(failure.code).toBe("timed-out");
  });

  test("without the permission to send chunks", async () => {
    const archive = await makeArchive("2.12.15", 10);
    await using target = await startNatsServer({
      config: `authorization { users: [ { user: u, password: p, permissions: { publish: { deny: "$JS.SNAPSHOT.>" } } } ] }`,
    });
    await using connection = await connect({ servers: [`nats://u:p@127.0.0.1:${target.port}`] });
    const failure = await failureOf(restoreStream(openJetStream(connection), archive, framesOf(archive)));
    expect(failure.code).toBe("not-permitted");
    expect(failure.tookMs).toBeLessThan(2000);
  });
});

test("overlapping subjects are a conflict, though they are found at the end", async () => {
  const archive = await makeArchive("2.14.5", 10);
  await using target = await startNatsServer({ version: "2.14.5" });
  await using stream = await openSampleStream(target);
  await deleteStream(stream.js, "S");
  await stream.js.request("STREAM.CREATE.T", { name: "T", subjects: ["s.1"] }, anything);
  expect((await failureOf(restoreStream(stream.js, archive, framesOf(archive)))).code).toBe("conflict");
  expect(await streamNames(stream.js)).toEqual(["T"]);
});

test("configuration the server does not know is dropped and named, or refused", async () => {
  const archive = await makeArchive("2.12.15", 10);
  await using target = await startNatsServer();
  await using connection = await connect({ servers: [target.url] });
  const js = openJetStream(connection);
  const config = parseJson(writeJson({ ...archive.config, from_the_future: true })) as JsonObject;
  expect((await failureOf(restoreStream(js, { config }, framesOf(archive)))).code).toBe("server-refused");
  const dropped: string[] = [];
  const info = await restoreStream(js, { config }, framesOf(archive), { dropped });
  expect(dropped).toEqual(["from_the_future"]);
  expect(info.state.messages).toBe(3000n);
});
