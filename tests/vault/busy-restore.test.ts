/**
 * Invariant: workers that find their queue while it is restored, and publishers that find their stream, neither make a
 * restore fail nor lose anything: every job is done or still there.
 */
import { expect, test } from "vitest";
import { listConsumers, streamInfo } from "../../src/nats/streams.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { makePlace } from "../support/place.ts";
import { createConsumer, createStream, openServer, publishMany } from "../support/streams.ts";

test.each(["2.12.15", "2.15.1"] as const)("a work queue with workers that wait for it, on %s", async (version) => {
  await using source = await startNatsServer({ version });
  await using target = await startNatsServer({ version });
  await using from = await openServer(source.url);
  await using into = await openServer(target.url);
  await using place = await makePlace();
  await createStream(from.jetstream, "JOBS", { retention: "workqueue" });
  await publishMany(from.jetstream, "JOBS", 20_000);
  await createConsumer(from.jetstream, "JOBS", "worker", { max_ack_pending: 100_000n });
  await place.backUp(from.jetstream);

  const { connection } = into.jetstream;
  const done = new Set<string>();
  const inbox = connection.newInbox();
  const take = connection.subscribe(inbox, ({ payload, reply, status }) => {
    if (status !== undefined || reply === undefined) return;
    done.add(reply.split(".").at(-4) ?? "");
    connection.publish(reply, Buffer.from("+ACK"));
    expect(payload.length).toBe(100);
  });
  const pull = () =>
    connection.publish("$JS.API.CONSUMER.MSG.NEXT.JOBS.worker", Buffer.from('{"batch":500,"no_wait":true}'), inbox);
  const timer = setInterval(pull, 1);
  const report = await place.bringBack(target.url);
  clearInterval(timer);
  expect(report.streams).toMatchObject([{ outcome: "restored" }]);
  const { state } = await eventually("pulls, deliveries and acks under way", async () => {
    const [worker] = await listConsumers(into.jetstream, "JOBS", {});
    const info = await streamInfo(into.jetstream, "JOBS", {});
    return worker?.num_ack_pending === 0n && BigInt(done.size) + info.state.messages === 20_000n && info;
  });
  take.unsubscribe();
  expect(done.size).toBeGreaterThan(0);
  expect(BigInt(done.size) + state.messages).toBe(20_000n);
});
