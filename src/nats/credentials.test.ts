import { createAccount, createOperator, createUser, type KeyPair } from "@nats-io/nkeys";
import { describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { startNatsServer } from "../../tests/support/nats-server.ts";
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

/** A server configuration with one operator and account, and a user's creds for it. */
function operatorMode(): { config: string; creds: string } {
  const operator = createOperator();
  const account = createAccount();
  const system = createAccount();
  const user = createUser();
  const all = { subs: -1, data: -1, payload: -1 };
  const limits = { ...all, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const jetstream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const operatorJwt = jwt(operator, operator, { type: "operator", version: 2 });
  const accountJwt = jwt(operator, account, { type: "account", version: 2, limits: { ...limits, ...jetstream } });
  const systemJwt = jwt(operator, system, { type: "account", version: 2, limits });
  const userJwt = jwt(account, user, { type: "user", version: 2, ...all, pub: {}, sub: {} });
  const block = (name: string, text: string) => `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n\n`;
  return {
    config: `operator: ${operatorJwt}
      resolver: MEMORY
      system_account: ${system.getPublicKey()}
      resolver_preload: { ${account.getPublicKey()}: ${accountJwt}, ${system.getPublicKey()}: ${systemJwt} }`,
    creds: `${block("NATS USER JWT", userJwt)}*** IMPORTANT ***\n\n${block("USER NKEY SEED", decoder.decode(user.getSeed()))}`,
  };
}

function jwt(issuer: KeyPair, subject: KeyPair, nats: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    jti: "x",
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: "t",
    nats,
  };
  const signed = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part(claims)}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString("base64url")}`;
}
