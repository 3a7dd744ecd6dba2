/**
 * Invariants: a stream comes back with its settings, and these do what they did: limits hold on, a message id that was
 * published before the backup is a duplicate after the restore, counters count on, schedules wait on.
 */
import { jetstream as openLibrary } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { Objm } from "@nats-io/obj";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/kit/json.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { makePlace } from "../support/place.ts";
import { createStream, openServer, publishMany } from "../support/streams.ts";
import { readWhole, type WholeStream } from "../support/whole-stream.ts";

const hour = 3_600_000_000_000n;

/** Each stream's settings, and what is published to it: body, headers. */
const streams: Readonly<Record<string, { config: JsonObject; sends?: readonly Readonly<Record<string, string>>[] }>> = {
  MSGS: { config: { max_msgs: 50n } },
  BYTES: { config: { max_bytes: 20_000n } },
  PERSUBJECT: { config: { max_msgs_per_subject: 5n } },
  REFUSING: { config: { max_msgs: 60n, discard: "new" } },
  PERNEW: { config: { max_msgs_per_subject: 5n, discard: "new", discard_new_per_subject: true } },
  SIZED: { config: { max_msg_size: 100n } },
  AGED: { config: { max_age: hour } },
  DEDUPED: { config: { duplicate_window: hour }, sends: [{ "Nats-Msg-Id": "one" }, { "Nats-Msg-Id": "two" }] },
  TTL: { config: { allow_msg_ttl: true }, sends: [{ "Nats-TTL": "1h" }, { "Nats-TTL": "never" }] },
  MARKED: { config: { allow_msg_ttl: true, subject_delete_marker_ttl: hour, allow_rollup_hdrs: true } },
  TRANSFORMED: { config: { subject_transform: { src: "TRANSFORMED.*", dest: "changed.{{wildcard(1)}}" } } },
  REPUBLISHED: { config: { republish: { src: "REPUBLISHED.>", dest: "again.>" } } },
  COMPRESSED: { config: { compression: "s2", metadata: { owner: "we" }, description: "ä" } },
  SCHEDULED: {
    config: { allow_msg_schedules: true, subjects: ["SCHEDULED.>"] },
    sends: [{ "Nats-Schedule": "@at 2099-01-01T00:00:00Z", "Nats-Schedule-Target": "SCHEDULED.target" }],
  },
  COUNTED: { config: { allow_msg_counter: true }, sends: [{ "Nats-Incr": "+7" }, { "Nats-Incr": "-2" }] },
};
const names = [...Object.keys(streams), "KV_bucket", "OBJ_store"];

describe.each(["2.12.15", "2.15.1"] as const)("settings on %s", (version) => {
  let target: TestServer;
  let library: NatsConnection;
  const before = new Map<string, WholeStream>();

  beforeAll(async () => {
    await using source = await startNatsServer({ version });
    await fill(source);
    await using from = await openServer(source.url);
    for (const name of names) before.set(name, await readWhole(from.jetstream, name));
    await using place = await makePlace();
    const report = await place.backUp(from.jetstream);
    expect(report.streams.filter(({ outcome }) => outcome !== "saved")).toEqual([]);
    target = await startNatsServer({ version });
    const restored = await place.bringBack(target.url);
    expect(restored.streams.filter(({ outcome }) => outcome !== "restored")).toEqual([]);
    library = await connect({ servers: target.url });
    return async () => {
      await library.close();
      await target[Symbol.asyncDispose]();
    };
  }, 120_000);

  test.each(names)("%s is as it was", async (name) => {
    await using into = await openServer(target.url);
    expect(before.get(name)).toBeDefined();
    expect(await readWhole(into.jetstream, name)).toEqual(before.get(name));
  });

  test("a message id from before the backup is a duplicate", async () => {
    expect(await send(library, "DEDUPED", { "Nats-Msg-Id": "two" })).toMatchObject({ duplicate: true, seq: 2 });
    expect(await send(library, "DEDUPED", { "Nats-Msg-Id": "three" })).toMatchObject({ seq: 3 });
  });

  test("a counter counts on", async () => {
    expect(await send(library, "COUNTED", { "Nats-Incr": "+1" })).toMatchObject({ val: "6" });
  });

  test("limits hold", async () => {
    expect(await send(library, "SIZED", {}, "x".repeat(101))).toMatchObject({ error: { err_code: 10054 } });
    expect(await send(library, "REFUSING", {})).toMatchObject({ error: { err_code: 10077 } });
    expect(await send(library, "MSGS", {})).toMatchObject({ seq: 121 });
    await using into = await openServer(target.url);
    expect((await readWhole(into.jetstream, "MSGS")).messages).toBe(50n);
  });

  test("a bucket and an object are read by the library", async () => {
    const bucket = await new Kvm(library).open("bucket");
    expect((await bucket.get("a"))?.string()).toBe("two");
    expect((await bucket.get("gone"))?.operation).toBe("DEL");
    const store = await new Objm(openLibrary(library)).open("store");
    expect(Buffer.from((await store.getBlob("large")) ?? []).equals(large)).toBe(true);
  });
});

const large = Buffer.alloc(500_000, "0123456789abcdef");

async function fill(server: TestServer): Promise<void> {
  await using opened = await openServer(server.url);
  const library = await connect({ servers: server.url });
  for (const [name, { config, sends }] of Object.entries(streams)) {
    await createStream(opened.jetstream, name, config);
    for (const fields of sends ?? []) expect(await send(library, name, fields)).not.toHaveProperty("error");
    if (sends === undefined) await publishMany(opened.jetstream, name, 120, 90);
  }
  const bucket = await new Kvm(library).create("bucket", { history: 2, markerTTL: 3_600_000 });
  for (const value of ["zero", "one", "two"]) await bucket.put("a", value);
  await bucket.put("gone", "x");
  await bucket.delete("gone");
  const store = await new Objm(openLibrary(library)).create("store");
  await store.putBlob({ name: "large", options: { max_chunk_size: 65_536 } }, large);
  await library.close();
}

async function send(
  library: NatsConnection,
  stream: string,
  fields: Readonly<Record<string, string>>,
  body = "",
): Promise<unknown> {
  const given = headers();
  for (const [name, value] of Object.entries(fields)) given.set(name, value);
  const answer = await library.request(`${stream}.one`, body, { headers: given, timeout: 5000 });
  return answer.json();
}
