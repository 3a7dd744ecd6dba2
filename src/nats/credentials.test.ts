import { createUser } from "@nats-io/nkeys";
import { describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { startNatsServer } from "../../tests/support/nats-server.ts";
import { operatorMode } from "../../tests/support/operator-mode.ts";
import { type ConnectOptions, connect } from "./connection.ts";
import { openJetStream } from "./jetstream.ts";
import { streamNames } from "./streams.ts";

const decoder = new TextDecoder();

describe("logging in", () => {
  const cases: [title: string, config: string, options: Omit<ConnectOptions, "servers">, userInfo?: string][] = [
    ["no login", "", {}],
    [
      "user and password",
      "authorization { user: ada, password: s3cret }",
      { credentials: { kind: "user", user: "ada", password: "s3cret" } },
    ],
    ["user and password in the URL", 'authorization { user: ada, password: "s/3@cret" }', {}, "ada:s%2F3%40cret@"],
    ["token", "authorization { token: t0ken }", { credentials: { kind: "token", token: "t0ken" } }],
    ["token in the URL", "authorization { token: t0ken }", {}, "t0ken@"],
  ];
  test.each(cases)("%s", async (_title, config, options, userInfo = "") => {
    await using server = await startNatsServer({ config });
    await using connection = await connect({ servers: [`nats://${userInfo}127.0.0.1:${server.port}`], ...options });
    expect(connection.serverVersion).toBe("2.12.15");
    expect(await streamNames(openJetStream(connection))).toEqual([]);
  });

  test("nkey seed with the public key in a second line", async () => {
    const user = createUser();
    await using server = await startNatsServer({
      config: `authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`,
    });
    const seed = `${decoder.decode(user.getSeed())}\n${user.getPublicKey()}\n`;
    await using connection = await connect({ servers: [server.url], credentials: { kind: "nkey", seed } });
    await connection.flush();
    const wrong = decoder.decode(createUser().getSeed());
    const failure = await failureOf(connect({ servers: [server.url], credentials: { kind: "nkey", seed: wrong } }));
    expect(failure.code).toBe("not-permitted");
  });

  test.each(["\n", "\r\n"])("creds text with line ends %j", async (lineEnd) => {
    const { config, creds } = operatorMode();
    await using server = await startNatsServer({ config });
    const text = creds.replaceAll("\n", lineEnd);
    await using connection = await connect({ servers: [server.url], credentials: { kind: "creds", text } });
    expect(await streamNames(openJetStream(connection))).toEqual([]);
  });

  test.each([
    ["creds", { kind: "creds", text: "nothing of the kind" }],
    ["seed", { kind: "nkey", seed: "SUAXXX" }],
    ["seed with a wrong checksum", { kind: "nkey", seed: `SU${"A".repeat(56)}` }],
  ] as const)("unreadable %s are told before anything is tried", async (_title, credentials) => {
    expect((await failureOf(connect({ servers: ["nats://127.0.0.1:1"], credentials }))).code).toBe(
      "credentials-unreadable",
    );
  });
});
