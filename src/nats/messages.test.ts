import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { startNatsServer } from "../../tests/support/nats-server.ts";
import { natsServerVersions } from "../../tests/support/programs.ts";
import { numbered, openSampleStream, publishAll, publishRaw } from "../../tests/support/sample-stream.ts";
import { startTcpProxy } from "../../tests/support/tcp-proxy.ts";
import { connect } from "./connection.ts";
import { type JetStream, openJetStream } from "./jetstream.ts";
import type { StoredMessage } from "./message.ts";
import { getMessage, openReader, type ReadMethod } from "./messages.ts";
import { listConsumers, streamInfo } from "./streams.ts";

const anything = { schema: z.looseObject({}) };
const megabyte = 1024 * 1024;
const config = "max_payload: 8MB\nmax_pending: 64MB";

const oddMessages: [string, string, Buffer][] = [
  ["odd.plain", "", Buffer.from("text")],
  ["odd.empty", "", Buffer.alloc(0)],
  ["odd.headers", "NATS/1.0\r\nkey:no space\r\nKEY:  two \r\nkey: again\r\n\r\n", Buffer.alloc(0)],
  ["odd.bytes", "NATS/1.0\r\nk\xff\xfe: \x01\x02\xe9\r\n\r\n", Buffer.from([0, 255, 13, 10])],
  [
    "odd.republished",
    "NATS/1.0\r\nNats-Stream: OTHER\r\nNats-Subject: x\r\nNats-Sequence: 9\r\n\r\n",
    Buffer.from("r"),
  ],
  ["odd.status", "NATS/1.0 503\r\n\r\n", Buffer.alloc(0)],
  ["odd.status-text", "NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 1\r\n\r\n", Buffer.alloc(0)],
  ["odd.caf\xc3\xa9.[?\x01", "", Buffer.from("subject")],
  ["odd.large", "NATS/1.0\r\na: b\r\n\r\n", Buffer.from("x".repeat(7 * megabyte))],
  ["odd.large", "", Buffer.from("y".repeat(7 * megabyte))],
  ["odd.last", "", Buffer.from("end")],
];

async function readAll(js: JetStream, from: bigint, target: bigint, method: ReadMethod): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = [];
  await using reader = await openReader(js, await streamInfo(js, "S"), from, { method });
  expect(reader.method).toBe(method);
  await reader.readThrough(target, (message) => void messages.push(message));
  return messages;
}

const plain = ({ sequence, timestamp, subject, header, payload }: StoredMessage) => ({
  sequence,
  timestamp,
  subject: Buffer.from(subject).toString("latin1"),
  header: Buffer.from(header).toString("latin1"),
  payload: Buffer.from(payload).toString("latin1"),
});

const methodsOf = (version: string): ReadMethod[] =>
  version === "2.10.27" ? ["consumer", "single"] : ["consumer", "direct", "single"];

describe.each(natsServerVersions)("nats-server %s", (version) => {
  test("every way reads the same bytes: odd headers and subjects, 7 MiB messages", async () => {
    await using server = await startNatsServer({ version, config });
    await using opened = await openSampleStream(server);
    const { js } = opened;
    await publishRaw(server.port, oddMessages);
    while ((await streamInfo(js, "S")).state.messages < oddMessages.length) await sleep(10);
    const last = BigInt(oddMessages.length);
    for (const method of methodsOf(version)) {
      const messages = (await readAll(js, 1n, last, method)).map(plain);
      expect(messages.map(({ sequence }) => sequence)).toEqual(oddMessages.map((_, at) => BigInt(at + 1)));
      for (const [at, [subject, header, payload]] of oddMessages.entries()) {
        // servers after 2.10 store no status
        const stored =
          version === "2.10.27"
            ? header
            : header.replace(/^(NATS\/1.0) [^\r]*\r\n\r\n$/, "").replace(/^(NATS\/1.0) [^\r]*/, "$1");
        expect(messages[at]).toMatchObject({ subject, header: stored });
        expect(messages[at]?.payload === payload.toString("latin1")).toBe(true);
      }
      const one = await getMessage(js, "S", 4n);
      expect(one === undefined ? undefined : plain(one)).toEqual(messages[3]);
    }
    expect(await listConsumers(js, "S")).toEqual([]);
    expect(await getMessage(js, "S", last + 1n)).toBeUndefined();
  });

  test.each(methodsOf(version))("%s: deletes, a purge, and an end that is gone", async (method) => {
    await using server = await startNatsServer({ version, config });
    await using opened = await openSampleStream(server);
    const { js, connection } = opened;
    await publishAll(connection, numbered(3000));
    for (const seq of [1, 2, 5, 1500, 2998, 2999, 3000]) await js.request("STREAM.MSG.DELETE.S", { seq }, anything);
    await js.request("STREAM.PURGE.S", { filter: "s.7" }, anything);
    const gone = new Set([1n, 2n, 5n, 8n, 1500n, 2998n, 2999n, 3000n]);
    const expected = Array.from({ length: 3000 }, (_, at) => BigInt(at + 1)).filter((sequence) => !gone.has(sequence));
    const sequences = async (from: bigint, target: bigint) =>
      (await readAll(js, from, target, method)).map(({ sequence }) => sequence);
    expect(await sequences(0n, 3000n)).toEqual(expected);
    expect((await sequences(100n, 200n)).slice(0, 101)).toEqual(
      expected.filter((sequence) => sequence >= 100n && sequence <= 200n),
    );
    expect(await sequences(2998n, 3000n)).toEqual([]);
    await js.request("STREAM.PURGE.S", {}, anything);
    expect(await sequences(1n, 3000n)).toEqual([]);
  });
});

describe("the way to read", () => {
  test.each([
    ["limits", {}, "consumer"],
    ["a work queue", { retention: "workqueue" }, "direct"],
    ["interest without direct get", { retention: "interest", allow_direct: false }, "single"],
    ["no more consumers, direct get", { max_consumers: 1 }, "direct"],
    ["no more consumers", { max_consumers: 1, allow_direct: false }, "single"],
  ])("%s", async (_title, settings, method) => {
    await using server = await startNatsServer();
    await using opened = await openSampleStream(server, settings);
    const { js } = opened;
    const consumer = { name: "c", durable_name: "c", ack_policy: "explicit" };
    await js.request("CONSUMER.CREATE.S.c", { stream_name: "S", config: consumer }, anything);
    await publishAll(opened.connection, numbered(100));
    await using reader = await openReader(js, await streamInfo(js, "S"), 1n);
    expect(reader.method).toBe(method);
    let count = 0;
    await reader.readThrough(100n, () => void count++);
    expect(count).toBe(100);
    expect((await streamInfo(js, "S")).state.messages).toBe(100n);
  });

  test("a user who may not make consumers reads directly", async () => {
    await using server = await startNatsServer({
      config: `authorization { users: [ { user: all, password: p }
        { user: u, password: p, permissions: { publish: { deny: "$JS.API.CONSUMER.>" } } } ] }`,
    });
    await using all = await connect({ servers: [`nats://all:p@127.0.0.1:${server.port}`] });
    await openJetStream(all).request("STREAM.CREATE.S", { name: "S", subjects: ["s.>"], allow_direct: true }, anything);
    await publishAll(all, numbered(10));
    await using connection = await connect({ servers: [`nats://u:p@127.0.0.1:${server.port}`] });
    const js = openJetStream(connection);
    await using reader = await openReader(js, await streamInfo(js, "S"), 1n);
    expect(reader.method).toBe("direct");
  });

  test("a domain's consumers are understood", async () => {
    await using server = await startNatsServer({ jetstream: "jetstream { store_dir: STORE, domain: hub }" });
    await using opened = await openSampleStream(server);
    await publishAll(opened.connection, numbered(10));
    const js = openJetStream(opened.connection, { domain: "hub" });
    for (const method of methodsOf("2.12.15")) expect(await readAll(js, 1n, 10n, method)).toHaveLength(10);
  });
});

test.each<ReadMethod>(["consumer", "direct", "single"])(
  "%s: four readers do not flood a slow network",
  async (method) => {
    await using server = await startNatsServer({ config: "max_pending: 16MB" });
    await using opened = await openSampleStream(server);
    await publishAll(opened.connection, numbered(24), Buffer.alloc(1_000_000));
    await using proxy = await startTcpProxy(server.port, { bytesPerSecond: 24 * megabyte });
    await using connection = await connect({ servers: [proxy.url] });
    const counts = await Promise.all(
      Array.from({ length: 4 }, async () => (await readAll(openJetStream(connection), 1n, 24n, method)).length),
    );
    expect(counts).toEqual([24, 24, 24, 24]);
  },
);

test("batches with a loss are asked for again", async () => {
  await using server = await startNatsServer();
  await using opened = await openSampleStream(server);
  await publishAll(opened.connection, numbered(1000));
  let lost = 0;
  await using proxy = await startTcpProxy(server.port, {
    onServerFrame: ({ body }) => (body.includes("Nats-Sequence: 500\r\n") && ++lost === 1 ? undefined : body),
  });
  await using connection = await connect({ servers: [proxy.url] });
  const messages = await readAll(openJetStream(connection), 1n, 1000n, "direct");
  expect(messages.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 1000 }, (_, at) => BigInt(at + 1)));
  expect(lost).toBe(2);
});
