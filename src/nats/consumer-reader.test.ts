import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { z } from "zod";
import { eventually } from "../../tests/support/eventually.ts";
import { failureOf } from "../../tests/support/failure-of.ts";
import { startNatsServer } from "../../tests/support/nats-server.ts";
import { numbered, openSampleStream, publishAll } from "../../tests/support/sample-stream.ts";
import { startTcpProxy } from "../../tests/support/tcp-proxy.ts";
import { connect } from "./connection.ts";
import { openJetStream } from "./jetstream.ts";
import type { StoredMessage } from "./message.ts";
import { openReader } from "./messages.ts";
import { deleteStream, listConsumers, streamInfo } from "./streams.ts";

const anything = { schema: z.looseObject({}) };
const megabyte = 1024 * 1024;

test("gets revisions of a hot key that are gone milliseconds later", async () => {
  await using server = await startNatsServer();
  await using opened = await openSampleStream(server, { max_msgs_per_subject: 1 });
  const { js } = opened;
  await publishAll(opened.connection, ["s.a", "s.b"]);
  await using reader = await openReader(js, await streamInfo(js, "S"), 1n, { consumerName: "mine" });
  await using writer = await connect({ servers: [server.url] });
  const seen: bigint[] = [];
  await reader.readThrough(2n, ({ sequence }) => void seen.push(sequence));
  for (let sequence = 3n; sequence <= 102n; sequence++) {
    writer.publish("s.hot", Buffer.from(`${sequence}`));
    // what is overwritten before the server's own turn to deliver it is lost to any reader
    while (((await listConsumers(js, "S"))[0]?.delivered.stream_seq ?? 0n) < sequence) await sleep(1);
  }
  const { state } = await streamInfo(js, "S");
  expect(state).toMatchObject({ messages: 3n, last_seq: 102n });
  await reader.readThrough(state.last_seq, ({ sequence }) => void seen.push(sequence));
  expect(seen).toEqual(Array.from({ length: 102 }, (_, at) => BigInt(at + 1)));
});

test("several targets, each passed when it is reached, even when nothing up to it is left", async () => {
  await using server = await startNatsServer();
  await using opened = await openSampleStream(server);
  const { js, connection } = opened;
  await using reader = await openReader(js, await streamInfo(js, "S"), 1n, { consumerName: "mine" });
  expect((await listConsumers(js, "S")).map(({ name }) => name)).toEqual(["mine"]);
  const seen: bigint[] = [];
  const read = (target: bigint) => reader.readThrough(target, ({ sequence }) => void seen.push(sequence));
  for (const round of [1n, 2n, 3n]) {
    await publishAll(connection, numbered(10));
    await read(round * 10n);
    expect(BigInt(seen.length)).toBe(round * 10n);
  }
  await publishAll(connection, numbered(10));
  await js.request("STREAM.PURGE.S", {}, anything);
  await read(40n);
  await read(40n);
  await reader[Symbol.asyncDispose]();
  expect(await listConsumers(js, "S")).toEqual([]);
});

test("goes on behind what it got when its consumer is deleted", async () => {
  await using server = await startNatsServer();
  await using opened = await openSampleStream(server);
  const { js, connection } = opened;
  await publishAll(connection, numbered(100));
  await using reader = await openReader(js, await streamInfo(js, "S"), 1n, { consumerName: "mine" });
  const seen: bigint[] = [];
  await reader.readThrough(100n, ({ sequence }) => void seen.push(sequence));
  await js.request("CONSUMER.DELETE.S.mine", undefined, anything);
  await publishAll(connection, numbered(100));
  await reader.readThrough(200n, ({ sequence }) => void seen.push(sequence));
  expect(seen).toEqual(Array.from({ length: 200 }, (_, at) => BigInt(at + 1)));
  expect((await listConsumers(js, "S")).map(({ name }) => name)).toEqual(["mine-2"]);
});

test("reads again what was lost on the way", async () => {
  await using server = await startNatsServer();
  await using opened = await openSampleStream(server);
  await publishAll(opened.connection, numbered(1000));
  let lost = 0;
  await using proxy = await startTcpProxy(server.port, {
    onServerFrame: ({ head, body }) =>
      / \$JS\.ACK\.S\.\S+\.(10|700)\.\d+\.\d+\.\d+ /.test(head) && ++lost <= 2 ? undefined : body,
  });
  await using connection = await connect({ servers: [proxy.url] });
  const js = openJetStream(connection);
  await using reader = await openReader(js, await streamInfo(js, "S"), 1n);
  const seen: bigint[] = [];
  await reader.readThrough(1000n, ({ sequence }) => void seen.push(sequence));
  expect(seen).toEqual(Array.from({ length: 1000 }, (_, at) => BigInt(at + 1)));
  expect(lost).toBeGreaterThan(0);
});

test("stops asking when nobody reads, and goes on later", async () => {
  await using server = await startNatsServer({ config: "max_payload: 8MB" });
  await using opened = await openSampleStream(server);
  const { js, connection } = opened;
  await publishAll(connection, numbered(130), Buffer.alloc(megabyte));
  await using reader = await openReader(js, await streamInfo(js, "S"), 1n, { consumerName: "mine" });
  const delivered = async () => Number((await listConsumers(js, "S"))[0]?.delivered.stream_seq);
  await eventually("more than 60 MB", async () => (await delivered()) > 60);
  await sleep(500);
  expect(await delivered()).toBeLessThan(90);
  let count = 0;
  await reader.readThrough(130n, () => void count++);
  expect(count).toBe(130);
});

test("a slow onMessage, one that throws, an abort", async () => {
  await using server = await startNatsServer();
  await using opened = await openSampleStream(server);
  const { js, connection } = opened;
  await publishAll(connection, numbered(20));
  await using reader = await openReader(js, await streamInfo(js, "S"), 1n);
  const seen: bigint[] = [];
  const slow = async ({ sequence }: StoredMessage) => {
    await sleep(1);
    seen.push(sequence);
    if (sequence === 10n) throw new Error("full");
  };
  await expect(reader.readThrough(20n, slow)).rejects.toThrow("full");
  await reader.readThrough(20n, slow);
  expect(seen).toHaveLength(20);
  await publishAll(connection, numbered(2));
  const forever = () => sleep(200);
  const failure = await failureOf(reader.readThrough(22n, forever, { signal: AbortSignal.timeout(100) }));
  expect(failure.code).toBe("timed-out");
});

test("headers only", async () => {
  await using server = await startNatsServer();
  await using opened = await openSampleStream(server);
  await publishAll(opened.connection, numbered(3), Buffer.from("abc"));
  await using reader = await openReader(opened.js, await streamInfo(opened.js, "S"), 1n, { headersOnly: true });
  const seen: [bigint, number][] = [];
  await reader.readThrough(3n, ({ sequence, payload }) => void seen.push([sequence, payload.length]));
  expect(seen).toEqual([
    [1n, 0],
    [2n, 0],
    [3n, 0],
  ]);
});

test("a deleted stream and a lost server are failures", async () => {
  await using server = await startNatsServer();
  await using opened = await openSampleStream(server);
  const { js, connection } = opened;
  await publishAll(connection, numbered(3));
  await using reader = await openReader(js, await streamInfo(js, "S"), 1n);
  await reader.readThrough(3n, () => {});
  await deleteStream(js, "S");
  expect((await failureOf(reader.readThrough(4n, () => {}))).code).toBe("stream-not-found");
  await js.request("STREAM.CREATE.S", { name: "S", subjects: ["s.>"] }, anything);
  await publishAll(connection, numbered(3));
  await using other = await openReader(js, await streamInfo(js, "S"), 1n);
  const kill = () => server.stop("SIGKILL");
  expect((await failureOf(other.readThrough(3n, kill))).code).toBe("server-unreachable");
});
