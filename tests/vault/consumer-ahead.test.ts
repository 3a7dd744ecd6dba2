/** Invariant: whatever a consumer had seen, after a restore it delivers every message that is published from then on. */
import { expect, test } from "vitest";
import { startNatsServer } from "../support/nats-server.ts";
import { makePlace } from "../support/place.ts";
import { natsServerVersions } from "../support/programs.ts";
import { message, openServer, plant, publish, take } from "../support/streams.ts";

const state = {
  delivered: { consumer: 80n, stream: 150n },
  ackFloor: { consumer: 80n, stream: 150n },
  pending: new Map(),
  redelivered: new Map(),
};

test.each(natsServerVersions)("a consumer 50 messages ahead of its stream on %s", async (version) => {
  await using server = await startNatsServer({ version });
  await using from = await openServer(server.url);
  const messages = Array.from({ length: 100 }, (_, index) => message(BigInt(index + 1), "AHEAD.a"));
  const config = {
    durable_name: "ahead",
    name: "ahead",
    ack_policy: "explicit",
    deliver_policy: "all",
    ack_wait: 30_000_000_000n,
  };
  const created = "2026-01-02T03:04:05Z";
  await plant(from.jetstream, "AHEAD", { messages, consumers: [{ name: "ahead", config, created, state }] });
  await using place = await makePlace();
  const report = await place.backUp(from.jetstream);
  expect(report.streams).toMatchObject([{ outcome: "saved", messages: 100n, consumers: 1 }]);

  await using target = await startNatsServer({ version });
  await place.bringBack(target.url);
  await using into = await openServer(target.url);
  const bodies = Array.from({ length: 60 }, (_, index) => `new ${index}`);
  for (const body of bodies) await publish(into.jetstream, "AHEAD.a", body);
  const taken = await take(into.jetstream, {
    stream: "AHEAD",
    consumer: "ahead",
    count: 60,
    isAcknowledged: () => true,
  });
  expect(taken).toEqual(bodies);
});
