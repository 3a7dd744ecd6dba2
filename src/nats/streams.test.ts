import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { failureOf } from "../../tests/support/failure-of.ts";
import { startNatsServer, type TestServer } from "../../tests/support/nats-server.ts";
import { type Connection, connect } from "./connection.ts";
import { ApiFailure, type JetStream, openJetStream } from "./jetstream.ts";
import {
  accountInfo,
  checkServerVersion,
  deleteStream,
  isVersion,
  listConsumers,
  listStreams,
  streamInfo,
  streamNames,
} from "./streams.ts";

const anything = { schema: z.looseObject({}) };
/** What NATS lets a name hold, and people do not expect. */
const oddNames = ["a[b", "a?b", "tab\u0001\u001f", "é€😀", "\u00a0\u2028", "x".repeat(255)];

let server: TestServer;
let connection: Connection;
let js: JetStream;
beforeAll(async () => {
  server = await startNatsServer();
  connection = await connect({ servers: [server.url] });
  js = openJetStream(connection);
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function create(name: string, config: object = {}): Promise<void> {
  await js.request(
    `STREAM.CREATE.${name}`,
    { name, subjects: [`s.${crypto.randomUUID()}.>`], storage: "memory", ...config },
    anything,
  );
}

describe("lists", () => {
  test("600 streams and 300 consumers are read page by page", async () => {
    await Promise.all(Array.from({ length: 600 }, (_, at) => create(`S${at}`)));
    const expected = Array.from({ length: 600 }, (_, at) => `S${at}`).toSorted();
    expect((await streamNames(js)).toSorted()).toEqual(expected);
    const infos = await listStreams(js);
    expect(infos.map(({ config }) => config["name"]).toSorted()).toEqual(expected);
    const consumers = Array.from({ length: 300 }, (_, at) => `c${at}`);
    await Promise.all(
      consumers.map((name) =>
        js.request(
          `CONSUMER.CREATE.S0.${name}`,
          { stream_name: "S0", config: { name, durable_name: name, ack_policy: "explicit" } },
          anything,
        ),
      ),
    );
    expect((await listConsumers(js, "S0")).map(({ name }) => name).toSorted()).toEqual(consumers.toSorted());
    expect(await accountInfo(js)).toMatchObject({ streams: 600n, consumers: 300n });
    for (const name of expected) await deleteStream(js, name);
    expect(await streamNames(js)).toEqual([]);
  });

  test("a stream the server cannot tell about fails the list, or goes to the listener", async () => {
    const page = { total: 3n, offset: 0n, limit: 256n, streams: [], missing: ["A"], offline: { B: "too new" } };
    const stub: JetStream = {
      connection,
      prefix: "$JS.API",
      request: async (_call, _body, { schema }) => schema.parse(page),
    };
    expect(await failureOf(listStreams(stub))).toMatchObject({
      code: "server-refused",
      details: { missing: ["A", "B"] },
    });
    const missing: unknown[] = [];
    expect(await listStreams(stub, { onMissing: (one) => missing.push(one) })).toEqual([]);
    expect(missing).toEqual([
      { name: "A", reason: undefined },
      { name: "B", reason: "too new" },
    ]);
  });
});

describe("names", () => {
  test.each(oddNames)("a stream called %j can be asked for", async (name) => {
    await create(name);
    expect((await streamInfo(js, name, { deletedDetails: true })).config["name"]).toBe(name);
    expect(await streamNames(js)).toEqual([name]);
    expect(await listConsumers(js, name)).toEqual([]);
    await deleteStream(js, name);
  });

  test.each(["", "a b", "a.b", "*", ">", "a\tb", "a\r\nb"])("%j is refused before it is sent", async (name) => {
    expect((await failureOf(streamInfo(js, name))).code).toBe("usage");
  });
});

describe("errors", () => {
  test("an unknown stream", async () => {
    const failure = await failureOf(streamInfo(js, "NONE"));
    expect(failure).toBeInstanceOf(ApiFailure);
    expect(failure).toMatchObject({ code: "stream-not-found", errorCode: 10059, description: "stream not found" });
  });

  test("another configuration under the same name, and overlapping subjects", async () => {
    await create("ONE", { subjects: ["one.>"] });
    expect((await failureOf(create("ONE", { subjects: ["two.>"] }))).code).toBe("conflict");
    expect((await failureOf(create("TWO", { subjects: ["one.a"] }))).code).toBe("conflict");
    await deleteStream(js, "ONE");
  });

  test("a server without JetStream, an account without it, a domain that is none", async () => {
    await using plain = await startNatsServer({ jetstream: "" });
    await using there = await connect({ servers: [plain.url] });
    expect((await failureOf(accountInfo(openJetStream(there)))).code).toBe("jetstream-disabled");
    await using accounts = await startNatsServer({
      config: "accounts { A: { jetstream: enabled }, B: { users: [ { user: b, password: b } ] } }",
    });
    await using b = await connect({ servers: [accounts.url], credentials: { kind: "user", user: "b", password: "b" } });
    expect((await failureOf(streamNames(openJetStream(b)))).code).toBe("jetstream-disabled");
    expect((await failureOf(streamNames(openJetStream(connection, { domain: "hub" })))).code).toBe(
      "jetstream-disabled",
    );
  });

  test("one call that is not permitted", async () => {
    await using strict = await startNatsServer({
      config: `authorization { users: [ { user: u, password: p, permissions: {
        publish: { deny: "$JS.API.STREAM.INFO.>" } } } ] }`,
    });
    await using there = await connect({ servers: [`nats://u:p@127.0.0.1:${strict.port}`] });
    expect(await streamNames(openJetStream(there))).toEqual([]);
    const failure = await failureOf(streamInfo(openJetStream(there), "A"));
    expect(failure).toMatchObject({
      code: "not-permitted",
      message: 'the NATS user may not publish to "$JS.API.STREAM.INFO.A"',
    });
  });

  test("an answer that is not understood", async () => {
    const failure = await failureOf(js.request("INFO", undefined, { schema: z.object({ memory: z.string() }) }));
    expect(failure.code).toBe("unexpected");
  });
});

describe("prefixes", () => {
  test("a domain and a custom prefix lead to the same streams", async () => {
    await using hub = await startNatsServer({ jetstream: "jetstream { store_dir: STORE, domain: hub }" });
    await using there = await connect({ servers: [hub.url] });
    await openJetStream(there).request("STREAM.CREATE.A", { name: "A" }, anything);
    for (const options of [{ domain: "hub" }, { apiPrefix: "$JS.hub.API" }, { apiPrefix: "$JS.API." }]) {
      expect(await streamNames(openJetStream(there, options))).toEqual(["A"]);
    }
    expect(await accountInfo(openJetStream(there))).toMatchObject({ domain: "hub" });
  });

  test.each([{ domain: "a b" }, { apiPrefix: "a..b" }, { apiPrefix: "*" }])("%j is refused", (options) => {
    expect(() => openJetStream(connection, options)).toThrow(/cannot be a JetStream/);
  });
});

describe("strict mode", () => {
  test("unknown fields are left out where they are, and named", async () => {
    const dropped: string[] = [];
    const body = {
      name: "STRICT",
      subjects: ["strict"],
      later: 1,
      metadata: { later: "kept" },
      placement: { nowhere: 2 },
    };
    await js.request("STREAM.CREATE.STRICT", body, { ...anything, dropped });
    expect(dropped.toSorted()).toEqual(["later", "nowhere"]);
    expect((await streamInfo(js, "STRICT")).config["metadata"]).toMatchObject({ later: "kept" });
    await deleteStream(js, "STRICT");
  });

  test("without a list to name them in, they are a failure", async () => {
    const failure = await failureOf(create("STRICT", { later: 1 }));
    expect(failure).toMatchObject({ code: "server-refused", errorCode: 10025 });
  });
});

test.each([
  ["2.10.0", true],
  ["2.10.27", true],
  ["2.15.0-preview.1", true],
  ["3.0.0", true],
  ["2.9.25", false],
  ["1.99.99", false],
  ["", false],
])("version %s is new enough: %s", (version, isEnough) => {
  expect(isVersion(version, [2, 10, 0])).toBe(isEnough);
  const check = () => checkServerVersion({ ...connection, serverVersion: version, serverUrl: "a:1" });
  if (isEnough) expect(check).not.toThrow();
  else expect(check).toThrow(/nats-server/);
});
