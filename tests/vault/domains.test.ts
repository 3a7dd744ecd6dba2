/** Invariant: a JetStream domain, its API prefix and a leaf node in between change nothing that is saved or restored. */
import { expect, test } from "vitest";
import { connect } from "../../src/nats/connection.ts";
import { type JetStream, type JetStreamOptions, openJetStream } from "../../src/nats/jetstream.ts";
import { streamNames } from "../../src/nats/streams.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { makePlace } from "../support/place.ts";
import { freePort } from "../support/ports.ts";
import { createConsumer, createStream, deleteMessage, openServer, publishMany, take } from "../support/streams.ts";
import { readWhole } from "../support/whole-stream.ts";

const jetstream = "jetstream { store_dir: STORE, domain: hub }";

async function open(server: TestServer, options: JetStreamOptions): Promise<JetStream> {
  return openJetStream(await connect({ servers: [server.url] }, {}), options);
}

async function fill(server: TestServer): Promise<void> {
  await using opened = await openServer(server.url);
  const js = opened.jetstream;
  await createStream(js, "S");
  await publishMany(js, "S", 3000, 500);
  await deleteMessage(js, "S", 2999n);
  await createConsumer(js, "S", "reader");
  await take(js, { stream: "S", consumer: "reader", count: 30, isAcknowledged: (index) => index % 3 > 0 });
}

test.each([
  ["a domain", { domain: "hub" }],
  ["an API prefix", { apiPrefix: "$JS.hub.API" }],
] as const)("%s", async (_title, options) => {
  await using source = await startNatsServer({ jetstream });
  await fill(source);
  await using target = await startNatsServer({ jetstream });
  await saveAndCompare(source, { from: await open(source, options), via: target, target, options });
});

test("a leaf node with a JetStream of its own, through which the hub is reached", async () => {
  await using source = await hub();
  await fill(source.server);
  await using target = await hub();
  const from = await open(source.leaf, { domain: "hub" });
  expect(await streamNames(await open(source.leaf, {}), {})).toEqual([]);
  await saveAndCompare(source.server, { from, via: target.leaf, target: target.server, options: { domain: "hub" } });
  expect(await streamNames(await open(target.leaf, {}), {})).toEqual([]);
});

/** A server in domain `hub` and a leaf of it in domain `leaf`. */
async function hub() {
  const port = await freePort();
  const server = await startNatsServer({ jetstream, config: `leafnodes { listen: "127.0.0.1:${port}" }` });
  const leaf = await startNatsServer({
    jetstream: "jetstream { store_dir: STORE, domain: leaf }",
    config: `leafnodes { remotes: [{ url: "nats://127.0.0.1:${port}" }] }`,
  });
  await untilAnswered(await open(leaf, { domain: "hub" }));
  return {
    server,
    leaf,
    async [Symbol.asyncDispose]() {
      await leaf[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function untilAnswered(js: JetStream): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 200) {
    const found = await streamNames(js, { timeoutMs: 1000 }).catch(() => undefined);
    if (found !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("the leaf node does not reach its hub");
}

interface Way {
  readonly from: JetStream;
  /** Where to connect for the restore, and where the stream shall be then. */
  readonly via: TestServer;
  readonly target: TestServer;
  readonly options: JetStreamOptions;
}

async function saveAndCompare(source: TestServer, { from, via, target, options }: Way): Promise<void> {
  await using place = await makePlace();
  const report = await place.backUp(from);
  expect(report.streams).toMatchObject([{ outcome: "saved", stream: "S", consistency: "exact" }]);
  const connectAgain = () => open(via, options);
  const restored = await place.bringBack(via.url, { jetstream: await connectAgain(), connectAgain });
  expect(restored.streams).toMatchObject([{ outcome: "restored", stream: "S" }]);
  await using before = await openServer(source.url);
  await using after = await openServer(target.url);
  expect(await readWhole(after.jetstream, "S")).toEqual(await readWhole(before.jetstream, "S"));
}
