/**
 * Invariants: in a cluster too an overwrite ends with what the snapshot holds and nothing temporary; a user who lacks a right
 * learns so before the old stream is touched.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { describe as describeFailure } from "../../src/kit/failures.ts";
import { connect } from "../../src/nats/connection.ts";
import { type JetStream, openJetStream } from "../../src/nats/jetstream.ts";
import { listConsumers, streamInfo, streamNames } from "../../src/nats/streams.ts";
import { fingerprint } from "../../src/vault/live-stream.ts";
import { startNatsCluster } from "../support/nats-cluster.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { makePlace, running } from "../support/place.ts";
import { createConsumer, createStream, openServer, publish, publishMany, take } from "../support/streams.ts";
import { readWhole } from "../support/whole-stream.ts";

const overwrite = { onConflict: "overwrite" } as const;

test.each(["2.12.15", "2.15.1"] as const)(
  "a replicated stream of a %s cluster",
  { timeout: 180_000 },
  async (version) => {
    await using cluster = await startNatsCluster(version);
    await using place = await makePlace();
    const [first, second] = cluster.nodes;
    await using opened = await openServer(first?.url ?? "");
    const { jetstream } = opened;
    await createStream(jetstream, "R3", { num_replicas: 3n });
    await publishMany(jetstream, "R3", 2000);
    await createConsumer(jetstream, "R3", "reader");
    await createConsumer(jetstream, "R3", "single", { num_replicas: 1n });
    await take(jetstream, { stream: "R3", consumer: "single", count: 50, isAcknowledged: () => true });
    const before = await fingerprint(jetstream, "R3", running);
    await place.backUp(jetstream);
    await publishMany(jetstream, "R3", 50);
    const report = await place.bringBack(second?.url ?? "", overwrite);
    expect(
      report.streams.map((one) => (one.outcome === "failed" ? describeFailure(one.failure) : one.outcome)),
    ).toEqual(["restored"]);
    expect(await streamNames(jetstream, {})).toEqual(["R3"]);
    expect(await fingerprint(jetstream, "R3", running)).toEqual(before);
    const { config } = await streamInfo(jetstream, "R3");
    expect(config.num_replicas).toBe(3n);
    expect(JSON.stringify(Object.keys(config.metadata ?? {}))).not.toContain("coldstream");
    const listed = await untilListed(jetstream);
    expect(listed).toEqual([
      ["reader", 0n],
      ["single", 50n],
    ]);
    await publish(jetstream, "R3.1", "next");
  },
);

async function untilListed(jetstream: JetStream): Promise<[string, bigint][]> {
  for (let tries = 0; ; tries++) {
    try {
      const listed = await listConsumers(jetstream, "R3");
      return listed.map(({ name, ack_floor: floor }): [string, bigint] => [name, floor.stream_seq]).toSorted();
    } catch (error) {
      if (tries === 50) throw error;
      await sleep(200);
    }
  }
}

const rights = [
  "$JS.API.INFO",
  "$JS.API.STREAM.LIST",
  "$JS.API.STREAM.INFO.*",
  "$JS.API.STREAM.RESTORE.*",
  "$JS.API.STREAM.MSG.GET.*",
  "$JS.API.CONSUMER.LIST.*",
  "$JS.SNAPSHOT.RESTORE.>",
  "$JS.API.STREAM.SNAPSHOT.*",
  "$JS.SNAPSHOT.ACK.>",
  "$JS.API.STREAM.UPDATE.*",
  "$JS.API.STREAM.DELETE.*",
];

test("each right that is missing, and all that are needed", { timeout: 180_000 }, async () => {
  const user = (name: string, allowed: readonly string[]) =>
    `{ user: ${name}, password: p, permissions: { publish: ${JSON.stringify(allowed)}, subscribe: ["_INBOX.>"] } }`;
  const lacking = rights.map((right, index) =>
    user(
      `without-${index}`,
      rights.filter((one) => one !== right),
    ),
  );
  await using server = await startNatsServer({
    config: `accounts { A: { jetstream: enabled, users: [{ user: admin, password: p }, ${user("all", rights)}, ${lacking.join(", ")}] } }`,
  });
  await using place = await makePlace();
  const login = async (name: string) => {
    const credentials = { kind: "user", user: name, password: "p" } as const;
    return openJetStream(await connect({ servers: [server.url], credentials }, {}), {});
  };
  const admin = await login("admin");
  await createStream(admin, "ORDERS");
  await publishMany(admin, "ORDERS", 20_000, 200);
  const before = await readWhole(admin, "ORDERS");
  await place.backUp(admin);
  await publish(admin, "ORDERS.1", "more");
  const changed = await readWhole(admin, "ORDERS");

  const bring = async (name: string): Promise<string> => {
    const url = server.url.replace("//", `//${name}:p@`);
    const jetstream = await login(name);
    try {
      const report = await place.bringBack(url, { ...overwrite, jetstream, connectAgain: () => login(name) });
      return report.streams
        .map((one) => (one.outcome === "failed" ? describeFailure(one.failure) : one.outcome))
        .join();
    } catch (error) {
      return describeFailure(error);
    }
  };
  for (const [index, right] of rights.entries()) {
    const said = await bring(`without-${index}`);
    const left = (await streamNames(admin, {})).filter((name) => name !== "ORDERS");
    expect([right, said.includes(right.replace(/[*>]$/, "")), said]).toEqual([right, true, said]);
    expect(await readWhole(admin, "ORDERS"), right).toEqual(changed);
    expect([right, left]).toEqual([right, []]);
  }
  expect(await bring("all")).toBe("restored");
  expect(await readWhole(admin, "ORDERS")).toEqual(before);
});
