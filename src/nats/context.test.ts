import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { readContext } from "./context.ts";

let home = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "wire-context-"));
  await mkdir(join(home, ".config/nats/context"), { recursive: true });
  await writeFile(join(home, "secret"), "the content");
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function save(name: string, context: unknown): Promise<void> {
  await writeFile(join(home, `.config/nats/context/${name}.json`), JSON.stringify(context));
}

test.each([
  ["an empty one means the local server", {}, { servers: ["nats://127.0.0.1:4222"], credentials: { kind: "none" } }],
  [
    "user and password",
    { url: "nats://a:1", user: "u", password: "p", token: "unused" },
    { servers: ["nats://a:1"], credentials: { kind: "user", user: "u", password: "p" } },
  ],
  ["token", { url: "nats://a:1", token: "t" }, { servers: ["nats://a:1"], credentials: { kind: "token", token: "t" } }],
  [
    "creds, by a path with ~",
    { url: "nats://a:1", creds: "~/secret", nsc: "nsc://o/a/u" },
    { servers: ["nats://a:1"], credentials: { kind: "creds", text: "the content" } },
  ],
  ["nkey", { url: "a:1", nkey: "~/secret" }, { servers: ["a:1"], credentials: { kind: "nkey", seed: "the content" } }],
  [
    "TLS files and inbox prefix",
    { url: "a:1", cert: "~/secret", key: "~/secret", ca: "~/secret", tls_first: true, inbox_prefix: "_mine" },
    {
      servers: ["a:1"],
      credentials: { kind: "none" },
      tls: { cert: "the content", key: "the content", ca: "the content", handshakeFirst: true },
      inboxPrefix: "_mine",
    },
  ],
])("%s", async (_title, context, connection) => {
  await save("one", context);
  expect(await readContext("one", { home })).toEqual({
    name: "one",
    domain: undefined,
    apiPrefix: undefined,
    connection,
  });
});

test("domain and API prefix", async () => {
  await save("one", { jetstream_domain: "hub", jetstream_api_prefix: "js.hub" });
  expect(await readContext("one", { home })).toMatchObject({ domain: "hub", apiPrefix: "js.hub" });
});

test("the selected one is read when none is named, and none when none is selected", async () => {
  expect(await readContext(undefined, { home })).toBeUndefined();
  await save("picked", { url: "nats://picked" });
  await writeFile(join(home, ".config/nats/context.txt"), "picked\n");
  expect((await readContext(undefined, { home }))?.connection.servers).toEqual(["nats://picked"]);
  expect((await readContext(undefined, { home: "/nowhere", configHome: join(home, ".config") }))?.name).toBe("picked");
});

test("an unknown name is answered with those there are", async () => {
  await save("prod", {});
  const failure = await failureOf(readContext("prd", { home }));
  expect(failure).toMatchObject({ code: "usage", message: 'there is no NATS context "prd"', hint: "there are: prod" });
  expect((await failureOf(readContext("../prod", { home }))).code).toBe("usage");
});

test("a broken file and a missing secret say which", async () => {
  await writeFile(join(home, ".config/nats/context/bad.json"), "{");
  expect((await failureOf(readContext("bad", { home }))).code).toBe("configuration-invalid");
  await save("lost", { creds: "/no/such.creds" });
  const failure = await failureOf(readContext("lost", { home }));
  expect(failure).toMatchObject({ code: "credentials-unreadable" });
  expect(failure.message).toContain("/no/such.creds");
});
