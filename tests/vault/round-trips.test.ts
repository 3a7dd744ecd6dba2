import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { streamNames } from "../../src/nats/streams.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { makePlace } from "../support/place.ts";
import {
  createConsumer,
  createStream,
  deleteMessage,
  message,
  openServer,
  plant,
  publish,
  publishMany,
  purge,
  take,
} from "../support/streams.ts";
import { readWhole } from "../support/whole-stream.ts";

const long = "N".repeat(255);
const high = 2n ** 40n + 5n;
const oddHeader = Buffer.from("NATS/1.0\r\nNats-Stream: fake\r\nA:b\r\nA:  b \r\nÄ: \xff\xfe\t;\r\n\r\n", "latin1");

/** Each prepares one stream on a server and gives its name. */
const kinds: readonly (readonly [string, (jetstream: JetStream) => Promise<string>])[] = [
  [
    "messages, deletes inside and at the end, a purge in front",
    async (js) => {
      await createStream(js, "PLAIN");
      await publishMany(js, "PLAIN", 3000);
      for (const sequence of [500n, 501n, 1700n, 2999n, 3000n]) await deleteMessage(js, "PLAIN", sequence);
      await purge(js, "PLAIN", { seq: 100n });
      return "PLAIN";
    },
  ],
  [
    "a purge by subject that keeps some",
    async (js) => {
      await createStream(js, "BYSUBJECT");
      await publishMany(js, "BYSUBJECT", 900);
      await purge(js, "BYSUBJECT", { filter: "BYSUBJECT.1", keep: 3n });
      return "BYSUBJECT";
    },
  ],
  [
    "a stream that was never written",
    async (js) => {
      await createStream(js, "NEVER");
      return "NEVER";
    },
  ],
  [
    "a stream that was purged empty",
    async (js) => {
      await createStream(js, "PURGED");
      await publishMany(js, "PURGED", 50);
      await purge(js, "PURGED");
      return "PURGED";
    },
  ],
  [
    "a name of 255 bytes",
    async (js) => {
      await createStream(js, long, { subjects: ["long"] });
      await publish(js, "long", "one");
      return long;
    },
  ],
  [
    "a name with [ and ?",
    async (js) => {
      await createStream(js, "odd[?]", { subjects: ["odd"] });
      await publish(js, "odd", "one");
      return "odd[?]";
    },
  ],
  [
    "a name with control characters",
    async (js) => {
      await createStream(js, "bell\u0007\u001b[31m", { subjects: ["bell"] });
      await publish(js, "bell", "one");
      return "bell\u0007\u001b[31m";
    },
  ],
  [
    "a name of other letters",
    async (js) => {
      await createStream(js, "Größe–日本", { subjects: ["groesse"] });
      await publish(js, "groesse", "one");
      return "Größe–日本";
    },
  ],
  [
    "upper case",
    async (js) => {
      await createStream(js, "Case", { subjects: ["case.a"] });
      await publish(js, "case.a", "upper");
      return "Case";
    },
  ],
  [
    "the same name in lower case",
    async (js) => {
      await createStream(js, "case", { subjects: ["case.b"] });
      await publish(js, "case.b", "lower");
      return "case";
    },
  ],
  [
    "messages of 7 MiB",
    async (js) => {
      await createStream(js, "LARGE");
      for (let number = 1; number <= 3; number++)
        await publish(js, "LARGE.x", Buffer.alloc(7 * 1024 * 1024, `${number}`));
      await publish(js, "LARGE.y", "small");
      return "LARGE";
    },
  ],
  [
    "headers with unusual bytes, empty payloads, exact nanoseconds",
    async (js) => {
      const messages = [
        message(1n, "HEADERS.a", { header: oddHeader, timestamp: 1_700_000_000_000_000_001n }),
        message(2n, "HEADERS.b", { payload: new Uint8Array(0) }),
        message(3n, "HEADERS.ä", { header: oddHeader, payload: new Uint8Array(0) }),
      ];
      await plant(js, "HEADERS", { messages });
      return "HEADERS";
    },
  ],
  [
    "sequences above 2^40",
    async (js) => {
      await plant(js, "HIGH", {
        messages: [message(high, "HIGH.a"), message(high + 1n, "HIGH.b"), message(high + 9n, "HIGH.c")],
      });
      await publish(js, "HIGH.d", "next");
      return "HIGH";
    },
  ],
  [
    "sealed",
    async (js) => {
      await createStream(js, "SEALED");
      await publishMany(js, "SEALED", 20);
      await js.request(
        "STREAM.UPDATE.SEALED",
        { name: "SEALED", subjects: ["SEALED.>"], storage: "file", num_replicas: 1n, sealed: true },
        { schema: (await import("zod")).z.looseObject({}) },
      );
      return "SEALED";
    },
  ],
  [
    "compressed",
    async (js) => {
      await createStream(js, "COMPRESSED", { compression: "s2" });
      await publishMany(js, "COMPRESSED", 2000, 600);
      return "COMPRESSED";
    },
  ],
  [
    "work queue with messages in flight",
    async (js) => {
      await createStream(js, "WORK", { retention: "workqueue" });
      await publishMany(js, "WORK", 300);
      await createConsumer(js, "WORK", "worker");
      await take(js, { stream: "WORK", consumer: "worker", count: 60, isAcknowledged: (index) => index % 4 !== 0 });
      return "WORK";
    },
  ],
  [
    "interest with two consumers",
    async (js) => {
      await createStream(js, "INTEREST", { retention: "interest" });
      await createConsumer(js, "INTEREST", "fast");
      await createConsumer(js, "INTEREST", "slow");
      await publishMany(js, "INTEREST", 200);
      await take(js, { stream: "INTEREST", consumer: "fast", count: 150, isAcknowledged: () => true });
      await take(js, { stream: "INTEREST", consumer: "slow", count: 40, isAcknowledged: (index) => index < 20 });
      return "INTEREST";
    },
  ],
  [
    "consumers at different places, pending out of order",
    async (js) => {
      await createStream(js, "CONSUMED");
      await publishMany(js, "CONSUMED", 500);
      await createConsumer(js, "CONSUMED", "half");
      await createConsumer(js, "CONSUMED", "odd[1]", { filter_subject: "CONSUMED.1" });
      await createConsumer(js, "CONSUMED", "untouched", { ack_policy: "all" });
      await createConsumer(js, "CONSUMED", "none", { ack_policy: "none" });
      await take(js, { stream: "CONSUMED", consumer: "half", count: 250, isAcknowledged: (index) => index % 3 !== 1 });
      await take(js, { stream: "CONSUMED", consumer: "odd[1]", count: 10, isAcknowledged: () => false });
      return "CONSUMED";
    },
  ],
  [
    "a key-value bucket",
    async (js) => {
      await createStream(js, "KV_b", {
        subjects: ["$KV.b.>"],
        max_msgs_per_subject: 1n,
        allow_rollup_hdrs: true,
        deny_delete: true,
        discard: "new",
        allow_direct: true,
      });
      for (let update = 0; update < 2000; update++)
        js.connection.publish(`$KV.b.key${update % 100}`, Buffer.from(`${update}`));
      await publish(js, "$KV.b.last", "one");
      return "KV_b";
    },
  ],
  [
    "a mirror",
    async (js) => {
      await createStream(js, "ORIGIN");
      await publishMany(js, "ORIGIN", 100);
      await createStream(js, "MIRROR", { subjects: undefined, mirror: { name: "ORIGIN" } });
      await untilMessages(js, "MIRROR", 100n);
      return "MIRROR";
    },
  ],
  [
    "a stream with sources",
    async (js) => {
      await createStream(js, "SOURCED", { subjects: undefined, sources: [{ name: "ORIGIN" }] });
      await untilMessages(js, "SOURCED", 100n);
      return "SOURCED";
    },
  ],
];

async function untilMessages(js: JetStream, stream: string, count: bigint): Promise<void> {
  const { streamInfo } = await import("../../src/nats/streams.ts");
  for (let waited = 0; waited < 10_000; waited += 50) {
    if ((await streamInfo(js, stream, {})).state.messages === count) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${stream} did not get ${count} messages`);
}

describe.each(["2.12.15", "2.15.1"] as const)("saved from %s and restored into an empty server", (version) => {
  let before: Map<string, unknown>;
  let after: Map<string, unknown>;
  const names = new Map<string, string>();
  const servers: TestServer[] = [];

  beforeAll(async () => {
    const config = "max_payload: 16777216";
    const source = await startNatsServer({ version, config });
    const target = await startNatsServer({ version, config });
    servers.push(source, target);
    await using place = await makePlace();
    await using from = await openServer(source.url);
    for (const [title, prepare] of kinds) names.set(title, await prepare(from.jetstream));
    before = await readAll(from.jetstream);
    const report = await place.backUp(from.jetstream);
    expect(report.streams.filter(({ outcome }) => outcome !== "saved")).toEqual([]);
    await source.stop();
    const restored = await place.bringBack(target.url);
    expect(restored.streams.filter(({ outcome }) => outcome !== "restored")).toEqual([]);
    await using into = await openServer(target.url);
    after = await readAll(into.jetstream);
  }, 240_000);

  afterAll(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]();
  });

  test.each(kinds.map(([title]) => title))("%s", (title) => {
    const name = names.get(title) ?? "";
    expect(before.get(name)).toBeDefined();
    expect(after.get(name)).toEqual(before.get(name));
  });
});

async function readAll(jetstream: JetStream): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for (const name of await streamNames(jetstream, {})) found.set(name, await readWhole(jetstream, name));
  return found;
}
