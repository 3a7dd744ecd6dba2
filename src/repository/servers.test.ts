import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { type ObjectStore, objectStoreProgram, startObjectStore } from "../../tests/support/object-store.ts";
import { freePort } from "../../tests/support/ports.ts";
import { findProgram } from "../../tests/support/programs.ts";
import { startRestServer } from "../../tests/support/rest-server.ts";
import { makeWorkbench, type Workbench } from "../../tests/support/restic.ts";
import { backendAddress } from "./backend.ts";
import type { Repository } from "./restic.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await makeWorkbench();
  await bench.write({ "a.txt": "hello", "b/c.blk": Buffer.alloc(100_000, "c") });
});
afterAll(async () => await bench[Symbol.asyncDispose]());

async function roundTrip(repository: Repository): Promise<void> {
  expect(await repository.probe({})).toBe("absent");
  await repository.initialize({});
  const { snapshotId } = await repository.backup({ directory: bench.source, host: "h", tags: ["t"] }, {});
  expect(Buffer.from(await repository.readFile(snapshotId, "/a.txt", {})).toString()).toBe("hello");
  expect(await repository.check({})).toMatchObject({ ok: true });
}

describe.skipIf(objectStoreProgram() === undefined)("S3", () => {
  let store: ObjectStore;
  beforeAll(async () => {
    store = await startObjectStore();
  });
  afterAll(async () => await store[Symbol.asyncDispose]());

  test("stores and reads", async () => {
    await roundTrip(bench.open(store.repository(randomUUID())));
  });

  test("stores where Stash's Repository and Secret say", async () => {
    const spec = { s3: { endpoint: store.endpoint, bucket: store.bucket, prefix: "/demo//nats/" } };
    const keys = { AWS_ACCESS_KEY_ID: store.accessKey, AWS_SECRET_ACCESS_KEY: store.secretKey };
    const address = backendAddress(spec, { ...keys, RESTIC_PASSWORD: "pw" }, { writeFile: (name) => name });
    const { id } = await bench.open(address).initialize({});
    const same = bench.open({ ...address, ...store.repository("demo/nats") });
    expect((await same.config({})).id).toBe(id);
  });

  test.each([
    ["a wrong secret key", { AWS_SECRET_ACCESS_KEY: "wrong-wrong" }, "repository-unreachable"],
    ["an unknown access key", { AWS_ACCESS_KEY_ID: "NOBODY" }, "repository-unreachable"],
    ["no key at all", { AWS_SECRET_ACCESS_KEY: "", AWS_ACCESS_KEY_ID: "" }, "credentials-unreadable"],
  ] as const)("%s is named within seconds, without showing it", async (_title, changes, code) => {
    const { url, env } = store.repository("keys");
    const failure = await failureOf(bench.open({ url, env: { ...env, ...changes } }).probe({}));
    expect(failure).toMatchObject({ code });
    expect(failure.tookMs).toBeLessThan(10_000);
    expect(JSON.stringify([failure.message, failure.details])).not.toMatch(/wrong-wrong|s3cr3t/);
  });

  test("a bucket that is not there holds no repository", async () => {
    const { env } = store.repository("");
    expect(await bench.open({ url: `s3:${store.endpoint}/none/x`, env }).probe({})).toBe("absent");
  });

  test("https against a server without TLS fails within seconds", async () => {
    const { url, env } = store.repository("tls");
    const failure = await failureOf(bench.open({ url: url.replace("http:", "https:"), env }).probe({}));
    expect(failure).toMatchObject({ code: "repository-unreachable", exit: 13 });
    expect(failure.tookMs).toBeLessThan(10_000);
  });
});

describe("an address where nobody answers is named within 15 s", () => {
  test.each([
    ["nobody listens", async () => `s3:http://127.0.0.1:${await freePort()}/bucket`, "connection refused"],
    ["nobody listens, REST", async () => `rest:http://127.0.0.1:${await freePort()}/x`, "connection refused"],
    ["the name does not resolve", async () => "s3:http://no-such-host.invalid/bucket", "the name does not resolve"],
    ["packets vanish", async () => "s3:http://192.0.2.1:9000/bucket", /no answer within 5 s|no route|refused/],
  ])("%s", async (_title, url, text) => {
    const repository = bench.open({
      url: await url(),
      env: { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "secret" },
    });
    const failure = await failureOf(repository.probe({}));
    expect(failure).toMatchObject({ code: "repository-unreachable", exit: 13 });
    expect(failure.message).toMatch(text);
    expect(failure.tookMs).toBeLessThan(15_000);
  });

  test("an abort ends the wait", async () => {
    const repository = bench.open({ url: "s3:http://192.0.2.1:9000/bucket" });
    const failure = await failureOf(repository.probe({ signal: AbortSignal.timeout(100) }));
    expect(["interrupted", "repository-unreachable"]).toContain(failure.code);
    expect(failure.tookMs).toBeLessThan(4_000);
  });
});

describe.skipIf(findProgram("rest-server") === undefined)("rest-server", () => {
  test("stores and reads without a user", async () => {
    await using server = await startRestServer();
    await roundTrip(bench.open({ url: `${server.url}x/` }));
  });

  test("lets in a user from the Secret or the URL, and nobody else; the password shows nowhere", async () => {
    await using server = await startRestServer({ user: { name: "jo", password: "p@ss/word" } });
    const url = server.url.replace("rest:", "");
    const secret = { RESTIC_PASSWORD: "pw", REST_SERVER_USERNAME: "jo", REST_SERVER_PASSWORD: "p@ss/word" };
    const address = backendAddress({ rest: { url } }, secret, { writeFile: (name) => name });
    await bench.open(address).initialize({});
    const inUrl = bench.open({ ...address, url: `rest:http://jo:p%40ss%2Fword@${server.address}/`, env: {} });
    expect(inUrl.url).toBe(server.url);
    expect(await inUrl.probe({})).toBe("present");
    const wrong = bench.open({ ...address, url: `rest:http://jo:geheim@${server.address}/`, env: {} });
    for (const stranger of [wrong, bench.open({ ...address, env: {} })]) {
      const failure = await failureOf(stranger.probe({}));
      expect(failure).toMatchObject({ code: "repository-unreachable", exit: 13 });
      expect(failure.message).not.toMatch(/geheim|jo:/);
      expect(failure.tookMs).toBeLessThan(10_000);
    }
  });

  test.skipIf(findProgram("openssl") === undefined)(
    "a certificate is trusted only when its authority is given",
    async () => {
      const [key, cert] = [join(bench.directory, "tls.key"), join(bench.directory, "tls.crt")];
      const subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
      const made = spawnSync("openssl", [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        key,
        "-out",
        cert,
        ...subject,
      ]);
      expect(made.status).toBe(0);
      await using server = await startRestServer({ tls: { cert, key } });
      const failure = await failureOf(bench.open({ url: server.url }).probe({}));
      expect(failure).toMatchObject({ code: "repository-unreachable", message: expect.stringContaining("x509") });
      expect(failure.tookMs).toBeLessThan(10_000);
      expect(await bench.open({ url: server.url, options: ["--cacert", cert] }).probe({})).toBe("absent");
      expect(await bench.open({ url: server.url, options: ["--insecure-tls"] }).probe({})).toBe("absent");
    },
  );

  test("a server that goes away while restic is not running is named within 15 s", async () => {
    await using server = await startRestServer();
    const repository = bench.open({ url: server.url });
    expect(await repository.probe({})).toBe("absent");
    await server.stop();
    const failure = await failureOf(repository.probe({}));
    expect(failure).toMatchObject({ code: "repository-unreachable", message: expect.stringContaining("refused") });
    expect(failure.tookMs).toBeLessThan(15_000);
  });
});
