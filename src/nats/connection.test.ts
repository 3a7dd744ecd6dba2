import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { startNatsServer } from "../../tests/support/nats-server.ts";
import { startTcpProxy } from "../../tests/support/tcp-proxy.ts";
import { Failure } from "../kit/failures.ts";
import { connect } from "./connection.ts";
import { openJetStream } from "./jetstream.ts";
import { NoResponders } from "./requests.ts";
import { streamNames } from "./streams.ts";

const nothing = new Uint8Array(0);

describe("what goes wrong", () => {
  test("a wrong password is refused at once, in one sentence without the password", async () => {
    await using server = await startNatsServer({ config: "authorization { user: ada, password: s3cret }" });
    const failure = await failureOf(connect({ servers: [`nats://ada:wr0ng@127.0.0.1:${server.port}`] }));
    expect(failure.code).toBe("not-permitted");
    expect(failure.message).toBe(`127.0.0.1:${server.port} refused the login: Authorization Violation`);
    expect(failure.tookMs).toBeLessThan(2000);
  });

  test.each([
    ["nothing listens", "nats://127.0.0.1:1", "server-unreachable", "cannot reach 127.0.0.1:1: connection refused"],
    ["no such host", "nats://host.invalid:4222", "server-unreachable", /host\.invalid/],
    ["another protocol", "http://127.0.0.1", "usage", /should look like nats:/],
    ["WebSocket", "ws://127.0.0.1", "usage", /WebSocket/],
    ["no URL", "nats://u:p w@a b", "usage", "nats://***@a b is not a server address"],
    ["nothing", " ", "usage", "no server address was given"],
  ] as const)("%s", async (_title, url, code, message) => {
    const failure = await failureOf(connect({ servers: [url] }));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
  });

  test("a server that says nothing is given up in time", async () => {
    await using server = await startNatsServer();
    await using proxy = await startTcpProxy(server.port);
    proxy.freeze();
    const failure = await failureOf(connect({ servers: [proxy.url], timeoutMs: 300 }));
    expect(failure.code).toBe("timed-out");
    expect(failure.tookMs).toBeLessThan(1500);
  });

  test("an abort ends connecting", async () => {
    await using server = await startNatsServer();
    await using proxy = await startTcpProxy(server.port);
    proxy.freeze();
    const failure = await failureOf(connect({ servers: [proxy.url] }, { signal: AbortSignal.timeout(100) }));
    expect(failure.code).toBe("timed-out");
    const already = await failureOf(connect({ servers: [proxy.url] }, { signal: AbortSignal.abort() }));
    expect(already.code).toBe("interrupted");
  });

  test("the second server is used when the first is away", async () => {
    await using server = await startNatsServer();
    await using connection = await connect({ servers: ["nats://127.0.0.1:1", server.url] });
    expect(connection.serverUrl).toBe(`127.0.0.1:${server.port}`);
    const failure = await failureOf(connect({ servers: ["127.0.0.1:1,127.0.0.1:2"] }));
    expect(failure.message).toMatch(/^none of 2 servers can be reached; cannot reach 127.0.0.1:1/);
  });
});

describe("permissions", () => {
  const config = `authorization { users: [ { user: u, password: p, permissions: {
    publish: { allow: ["open.>", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.INFO.*"] }
    subscribe: { allow: ["_mine.>"] } } } ] }`;
  const login = { kind: "user", user: "u", password: "p" } as const;

  test("a refused request fails at once, whatever the name in it", async () => {
    await using server = await startNatsServer({ config });
    await using connection = await connect({ servers: [server.url], credentials: login, inboxPrefix: "_mine" });
    expect(connection.newInbox()).toMatch(/^_mine\./);
    for (const subject of ["$JS.API.STREAM.DELETE.A", '$JS.API.STREAM.DELETE.q"\\[?\u0001é€😀']) {
      const failure = await failureOf(connection.request(subject, nothing, {}));
      expect(failure.code).toBe("not-permitted");
      expect(failure.message).toContain("publish to");
      expect(failure.tookMs).toBeLessThan(1000);
    }
    expect(await streamNames(openJetStream(connection))).toEqual([]);
  });

  test("a refused inbox fails requests at once", async () => {
    await using server = await startNatsServer({ config });
    await using connection = await connect({ servers: [server.url], credentials: login });
    const failure = await failureOf(connection.request("$JS.API.STREAM.NAMES", nothing, {}));
    expect(failure.code).toBe("not-permitted");
    expect(failure.message).toContain("subscribe to");
    expect((await failureOf(connection.request("$JS.API.STREAM.NAMES", nothing, {}))).code).toBe("not-permitted");
  });

  test("a refused publish reaches who watches its prefix, a refused subscription its owner", async () => {
    await using server = await startNatsServer({ config });
    await using connection = await connect({ servers: [server.url], credentials: login, inboxPrefix: "_mine" });
    const seen: string[] = [];
    connection.watchPublish("acks.", (failure) => seen.push(`watcher ${failure.code}`));
    connection.watchPublish("others.", () => seen.push("wrong watcher"));
    connection.subscribe(
      "theirs",
      () => {},
      (failure) => seen.push(`owner ${failure.code}`),
    );
    connection.publish("acks.1", nothing);
    connection.publish("open.1", nothing);
    await connection.flush();
    await sleep(50);
    expect(seen.toSorted()).toEqual(["owner not-permitted", "watcher not-permitted"]);
  });
});

describe("an open connection", () => {
  test("a request nobody answers is NoResponders, a silent one timed-out, an aborted one what the abort says", async () => {
    await using server = await startNatsServer();
    await using connection = await connect({ servers: [server.url] });
    await expect(connection.request("nobody", nothing, {})).rejects.toBeInstanceOf(NoResponders);
    connection.subscribe("silent", () => {});
    expect((await failureOf(connection.request("silent", nothing, { timeoutMs: 50 }))).code).toBe("timed-out");
    const reason = new Failure("interrupted", "Ctrl-C");
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 30);
    expect(await failureOf(connection.request("silent", nothing, { signal: stop.signal }))).toBe(reason);
  });

  test("a throw inside a callback reaches its owner and nothing else", async () => {
    await using server = await startNatsServer();
    await using connection = await connect({ servers: [server.url] });
    const seen: unknown[] = [];
    connection.subscribe(
      "a",
      () => {
        throw new Failure("damaged", "bad bytes");
      },
      (failure) => seen.push(failure.code),
    );
    connection.subscribe("b", (message) => seen.push(message.subject));
    connection.publish("a", nothing);
    connection.publish("a", nothing);
    connection.publish("b", nothing);
    await connection.flush();
    expect(seen).toEqual(["damaged", "b"]);
  });

  test("when it is lost, all that runs on it fails, and nothing is connected again", async () => {
    await using server = await startNatsServer();
    await using proxy = await startTcpProxy(server.port);
    await using connection = await connect({ servers: [proxy.url] });
    const owner = Promise.withResolvers<Failure>();
    connection.subscribe("silent", () => {}, owner.resolve);
    const request = failureOf(connection.request("silent", nothing, {}));
    await sleep(50);
    proxy.cut();
    expect((await request).code).toBe("server-unreachable");
    expect((await owner.promise).code).toBe("server-unreachable");
    expect((await connection.closed)?.message).toMatch(/^lost the connection to 127/);
    expect((await failureOf(connection.flush())).code).toBe("server-unreachable");
    expect(() => connection.publish("a", nothing)).toThrow(/lost the connection/);
  });

  test("closing it ourselves is no failure, but ends what runs", async () => {
    await using server = await startNatsServer();
    const connection = await connect({ servers: [server.url] });
    connection.subscribe("silent", () => {});
    const request = failureOf(connection.request("silent", nothing, {}));
    await sleep(20);
    await connection[Symbol.asyncDispose]();
    expect((await request).code).toBe("interrupted");
    expect(await connection.closed).toBeUndefined();
  });
});
