import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { eventually } from "../../tests/support/eventually.ts";
import { failureOf } from "../../tests/support/failure-of.ts";
import { startNatsServer } from "../../tests/support/nats-server.ts";
import { natsServerVersions } from "../../tests/support/programs.ts";
import { type ServerFrame, startTcpProxy } from "../../tests/support/tcp-proxy.ts";
import { type Connection, connect } from "./connection.ts";
import { openJetStream } from "./jetstream.ts";
import { readSnapshot, readStreamSnapshot, type SnapshotOptions, type SnapshotReply } from "./snapshot.ts";
import { deleteStream, streamInfo } from "./streams.ts";

const anything = { schema: z.looseObject({}) };

/** A stream S with messages that do not compress. */
async function fill(connection: Connection, messages: number, bytes: number): Promise<void> {
  const js = openJetStream(connection);
  await js.request("STREAM.CREATE.S", { name: "S", subjects: ["s.>"] }, anything);
  for (let at = 0; at < messages; at++) {
    const payload = Buffer.allocUnsafe(bytes);
    for (let from = 0; from < bytes; from += 65_536) crypto.getRandomValues(payload.subarray(from, from + 65_536));
    connection.publish(`s.${at}`, payload);
    if (at % 100 === 99) await connection.flush();
  }
  while ((await streamInfo(js, "S")).state.messages < messages) await sleep(10);
}

describe.each(natsServerVersions)("nats-server %s", (version) => {
  test("every message arrives, in whatever chunks, consumers with it or without", async () => {
    await using server = await startNatsServer({ version });
    await using connection = await connect({ servers: [server.url] });
    const js = openJetStream(connection);
    await fill(connection, 3000, 4096);
    const consumer = { name: "c", durable_name: "c", ack_policy: "explicit" };
    await js.request("CONSUMER.CREATE.S.c", { stream_name: "S", config: consumer }, anything);
    for (const options of [
      {},
      { chunkBytes: 1024 * 1024 },
      { windowBytes: 512 * 1024, check: true },
      { noConsumers: true },
    ]) {
      const seen = { messages: 0, blocks: 0, consumers: 0 };
      const replies: SnapshotReply[] = [];
      const reply = await readStreamSnapshot(
        js,
        "S",
        (event) => {
          expect(replies).toHaveLength(1);
          if (event.kind === "message") seen.messages++;
          if (event.kind === "block") seen.blocks++;
          if (event.kind === "consumer") seen.consumers++;
        },
        { ...options, onReply: (one) => void replies.push(one) },
      );
      expect(replies).toEqual([reply]);
      expect(reply.state).toMatchObject({ messages: 3000n, last_seq: 3000n });
      expect(reply.config["name"]).toBe("S");
      expect(seen.consumers).toBe("noConsumers" in options ? 0 : 1);
      if (version.startsWith("2.15")) expect(seen.messages).toBe(3000);
      else expect(seen.blocks).toBeGreaterThan(0);
    }
  });

  test("a reader that stalls 8 s loses nothing", async () => {
    await using server = await startNatsServer({ version });
    await using connection = await connect({ servers: [server.url] });
    await fill(connection, 5000, 4096);
    let bytes = 0;
    await readSnapshot(openJetStream(connection), "S", async (chunk) => {
      if (bytes === 0) await sleep(8000);
      bytes += chunk.length;
    });
    expect(bytes).toBeGreaterThan(5000 * 4096);
  });

  test("a server that dies says so at once or within the idle time", async () => {
    await using server = await startNatsServer({ version });
    await using connection = await connect({ servers: [server.url] });
    await fill(connection, 5000, 4096);
    let chunks = 0;
    const options = { idleTimeoutMs: 1500 };
    const reading = readSnapshot(
      openJetStream(connection),
      "S",
      async () => {
        if (++chunks === 3) void server.stop("SIGKILL");
        await sleep(20);
      },
      options,
    );
    const failure = await failureOf(reading);
    expect(failure.code).toBe("server-unreachable");
    expect(failure.tookMs).toBeLessThan(3000);
  });

  test("an abort ends it, and the next one waits until the server has noticed", async () => {
    await using server = await startNatsServer({ version });
    await using connection = await connect({ servers: [server.url] });
    await fill(connection, 5000, 4096);
    const js = openJetStream(connection);
    const stop = new AbortController();
    let chunks = 0;
    const count = () => {
      if (++chunks === 5) stop.abort();
    };
    expect((await failureOf(readSnapshot(js, "S", count, { signal: stop.signal }))).code).toBe("interrupted");
    expect(chunks).toBe(5);
    await readStreamSnapshot(js, "S", () => {});
  });
});

test("another snapshot of the stream is waited for as long as is said", async () => {
  await using server = await startNatsServer();
  await using connection = await connect({ servers: [server.url] });
  await fill(connection, 5000, 4096);
  const js = openJetStream(connection);
  const go = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const first = readSnapshot(js, "S", async () => {
    begun.resolve();
    await go.promise;
  });
  await begun.promise;
  expect((await failureOf(readSnapshot(js, "S", () => {}, { busyRetryMs: 0 }))).code).toBe("snapshot-busy");
  const second = readSnapshot(js, "S", () => {});
  await sleep(500);
  go.resolve();
  await Promise.all([first, second]);
});

describe("refused", () => {
  test("unknown streams, and memory streams before 2.15", async () => {
    await using server = await startNatsServer();
    await using connection = await connect({ servers: [server.url] });
    const js = openJetStream(connection);
    expect((await failureOf(readSnapshot(js, "NONE", () => {}))).code).toBe("stream-not-found");
    await js.request("STREAM.CREATE.M", { name: "M", storage: "memory" }, anything);
    expect((await failureOf(readSnapshot(js, "M", () => {}))).code).toBe("storage-unsupported");
    await using newer = await startNatsServer({ version: "2.15.1" });
    await using there = await connect({ servers: [newer.url] });
    await openJetStream(there).request("STREAM.CREATE.M", { name: "M", storage: "memory" }, anything);
    await readStreamSnapshot(openJetStream(there), "M", () => {});
  });

  test.each(["$JS.API.STREAM.SNAPSHOT.S", "$JS.SNAPSHOT.ACK.>"])(
    "at once without the permission for %s",
    async (subject) => {
      await using server = await startNatsServer({
        config: `authorization { users: [ { user: all, password: p }
        { user: u, password: p, permissions: { publish: { deny: "${subject}" } } } ] }`,
      });
      await using all = await connect({ servers: [`nats://all:p@127.0.0.1:${server.port}`] });
      await fill(all, 3000, 4096);
      await using connection = await connect({ servers: [`nats://u:p@127.0.0.1:${server.port}`] });
      const failure = await failureOf(readSnapshot(openJetStream(connection), "S", () => {}));
      expect(failure.code).toBe("not-permitted");
      expect(failure.tookMs).toBeLessThan(1500);
    },
  );
});

test("what the reader throws ends the snapshot and passes on", async () => {
  await using server = await startNatsServer();
  await using connection = await connect({ servers: [server.url] });
  await fill(connection, 100, 4096);
  const js = openJetStream(connection);
  const full = () => {
    throw new Error("disk full");
  };
  await expect(readSnapshot(js, "S", full)).rejects.toThrow("disk full");
  await expect(readStreamSnapshot(js, "S", full)).rejects.toThrow("disk full");
  await readStreamSnapshot(js, "S", () => {});
});

describe.each(["2.10.27", "2.14.5", "2.15.1"] as const)("on the way from nats-server %s", (version) => {
  const isChunk = ({ head, body }: ServerFrame, number: number | "last" | "end") => {
    if (!/^H?MSG _INBOX\.\w+ /.test(head)) return false;
    if (number === "end") return body.length === 0 || head.startsWith("HMSG");
    return number === "last" ? /^MSG \S+ \d+ [1-9]\d*$/.test(head) : head.includes(`.${number} `);
  };
  const lastChunk = version === "2.10.27" ? 3 : "last";
  const flip = (body: Buffer) => {
    const flipped = Buffer.from(body);
    const at = flipped.length >> 1;
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    return flipped;
  };

  test.each<[string, (frame: ServerFrame) => Buffer | undefined, RegExp, SnapshotOptions?]>([
    ["a lost chunk", (frame) => (isChunk(frame, 7) ? undefined : frame.body), /^snapshot-incomplete$/],
    ["a lost first chunk", (frame) => (isChunk(frame, 1) ? undefined : frame.body), /^snapshot-incomplete$/],
    ["a lost end", (frame) => (isChunk(frame, "end") ? undefined : frame.body), /^timed-out$/, { idleTimeoutMs: 1000 }],
    ["a flipped bit", (frame) => (isChunk(frame, 7) ? flip(frame.body) : frame.body), /^damaged$/],
    // before 2.12.5 the last chunk is numbered as well
    ["a lost last chunk", (frame) => (isChunk(frame, lastChunk) ? undefined : frame.body), /^snapshot-incomplete$/],
  ])("%s is never a success", async (_title, onServerFrame, code, options = {}) => {
    await using server = await startNatsServer({ version });
    await using direct = await connect({ servers: [server.url] });
    await fill(direct, 1000, 1021);
    await using proxy = await startTcpProxy(server.port, { onServerFrame });
    await using connection = await connect({ servers: [proxy.url] });
    const failure = await failureOf(readStreamSnapshot(openJetStream(connection), "S", () => {}, options));
    expect(failure.code).toMatch(code);
  });

  test("a connection that freezes is given up after the idle time", async () => {
    await using server = await startNatsServer({ version });
    await using direct = await connect({ servers: [server.url] });
    await fill(direct, 3000, 4096);
    await using proxy = await startTcpProxy(server.port);
    await using connection = await connect({ servers: [proxy.url] });
    const reading = readSnapshot(openJetStream(connection), "S", () => proxy.freeze(), { idleTimeoutMs: 1000 });
    const failure = await failureOf(reading);
    expect(failure.code).toBe("timed-out");
    expect(failure.tookMs).toBeLessThan(3000);
  });
});

test("four at once pass through a network that is slower than the server waits for 32 MiB", async () => {
  await using server = await startNatsServer({ config: 'write_deadline: "2s"' });
  await using direct = await connect({ servers: [server.url] });
  await fill(direct, 160, 65_536);
  const names = ["S", "T", "U", "V"];
  for (const name of names.slice(1)) {
    const mirror = { name, mirror: { name: "S" } };
    await openJetStream(direct).request(`STREAM.CREATE.${name}`, mirror, anything);
    const isFilled = async () => (await streamInfo(openJetStream(direct), name)).state.messages === 160n;
    await eventually(`${name} with all of S`, isFilled, { timeoutMs: 40_000 });
  }
  await using proxy = await startTcpProxy(server.port, { bytesPerSecond: 10 * 1024 * 1024 });
  await using connection = await connect({ servers: [proxy.url] });
  const js = openJetStream(connection);
  await Promise.all(names.map((name) => readStreamSnapshot(js, name, () => {})));
});

test("a stream deleted meanwhile is no success", async () => {
  await using server = await startNatsServer({ version: "2.14.5" });
  await using connection = await connect({ servers: [server.url] });
  const js = openJetStream(connection);
  await fill(connection, 10_000, 4096);
  let chunks = 0;
  const reading = readStreamSnapshot(
    js,
    "S",
    async () => {
      if (++chunks === 2) await deleteStream(js, "S");
    },
    { windowBytes: 65_536 },
  );
  expect((await failureOf(reading)).code).toMatch(/^(snapshot-aborted|snapshot-incomplete|timed-out)$/);
});
