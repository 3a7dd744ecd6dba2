import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createUser } from "@nats-io/nkeys";
import { type ConnectionOptions, credsAuthenticator, nkeyAuthenticator } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNatsServer } from "../support/nats-server.ts";
import { operatorMode } from "../support/operator-mode.ts";
import { type Document, type Journey, withManager } from "./journey.ts";
import { errorOf, expectRoundTrip, openGuide } from "./round-trip.ts";
import { type System, startSystem, systemMissing } from "./system.ts";

describe.skipIf(systemMissing() !== undefined)("the guides for logging in to NATS", { timeout: 120_000 }, () => {
  let system: System;
  /** Where servers with a resolver keep their accounts. */
  let accounts: string;
  let open: AsyncDisposableStack;
  beforeAll(async () => {
    open = new AsyncDisposableStack();
    accounts = mkdtempSync(join(tmpdir(), "coldstream-accounts-"));
    open.defer(() => rmSync(accounts, { recursive: true, force: true }));
    system = open.use(await startSystem());
  }, 120_000);
  afterAll(async () => await open?.disposeAsync());

  interface Way {
    /** How the server lets people in, as the chart's values of the guide say. */
    readonly config: string;
    readonly login: Omit<ConnectionOptions, "servers">;
    /** In the place of the Secret's examples. */
    readonly secret?: Readonly<Record<string, string>>;
  }

  const encoded = (text: string) => new TextEncoder().encode(text);
  const ways: Readonly<Record<string, () => Way>> = {
    "basic-auth": () => ({
      config: "authorization { users: [ { user: sample-user, password: changeit } ] }",
      login: { user: "sample-user", pass: "changeit" },
    }),
    "token-auth": () => ({ config: "authorization { token: secret }", login: { token: "secret" } }),
    "nkey-auth": () => {
      const user = createUser();
      const seed = new TextDecoder().decode(user.getSeed());
      return {
        config: `authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`,
        login: { authenticator: nkeyAuthenticator(encoded(seed)) },
        secret: { nkey: `${seed}\n${user.getPublicKey()}\n` },
      };
    },
    "jwt-auth": () => {
      const { config, creds } = operatorMode(accounts);
      return { config, login: { authenticator: credsAuthenticator(encoded(creds)) }, secret: { creds } };
    },
  };

  async function openWay(name: string): Promise<{ readonly journey: Journey; readonly reached: ConnectionOptions }> {
    const { config, login, secret } = ways[name]?.() ?? { config: "", login: {} };
    const server = open.use(await startNatsServer({ config }));
    system.route(`sample-nats.${name}.svc:4222`, server.port);
    const change = (document: Document): Document =>
      document.metadata.name === "sample-nats-auth" && secret !== undefined
        ? Object.assign({ ...document }, { stringData: secret })
        : document;
    return { journey: await openGuide(system, { name, change }), reached: { servers: server.url, ...login } };
  }

  const opened = new Map<string, ReturnType<typeof openWay>>();
  async function way(name: string): ReturnType<typeof openWay> {
    const before = opened.get(name);
    if (before !== undefined) return await before;
    const started = openWay(name);
    opened.set(name, started);
    return await started;
  }

  test.each(Object.keys(ways))("%s: what was saved comes back as it was", async (name) => {
    const { journey, reached } = await way(name);
    await expectRoundTrip(journey, reached);
  });

  describe("after a change of the Secret or of the AppBinding", () => {
    const namespace = "basic-auth";
    const patch = async (kind: string, name: string, change: object) =>
      await system.desk.kubectl(
        ...["patch", kind, name, "-n", namespace, "--type=merge", "-p", JSON.stringify(change)],
      );
    const secret = async (data: Readonly<Record<string, string | null>>) => {
      const encodedData = Object.entries(data).map(([key, text]) => [key, text === null ? null : base64(text)]);
      await patch("secret", "sample-nats-auth", { data: Object.fromEntries(encodedData) });
    };
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const plain = { secret: { name: "sample-nats-auth" }, secretTransforms: null };
    const right = { username: "sample-user", password: "changeit", user: null, pass: null };

    beforeAll(async () => {
      const { reached } = await way(namespace);
      await withManager(reached, async (manager) => await manager.streams.add({ name: "MORE", subjects: ["more"] }));
    });

    interface Change {
      /** Of the Secret; null removes a key. */
      readonly data?: Readonly<Record<string, string | null>>;
      /** Of the AppBinding's spec. */
      readonly binding?: object;
    }
    const mistakes: readonly (readonly [title: string, change: Change, sentence: RegExp])[] = [
      [
        "a wrong password",
        { data: { ...right, password: "not-the-one" } },
        /refused the login: Authorization Violation; check the login in the AppBinding's Secret/i,
      ],
      [
        "a user without a password",
        { data: { ...right, password: null } },
        /the AppBinding's secret has the key username, but lacks password; add the key password, or remove username/,
      ],
      ["no login at all", { data: { ...right, username: null, password: null } }, /refused the login/],
      ["a Secret that is missing", { binding: { secret: { name: "gone" } } }, /Secret basic-auth\/gone/],
      [
        "a transform of a key that is missing",
        { binding: { secretTransforms: [{ renameKey: { from: "user", to: "username" } }] } },
        /secretTransforms rename the key user, which its secret lacks; correct the name of the key/,
      ],
    ];

    test.each(mistakes)(
      "%s fails the session soon, and says what to do",
      async (_title, { data = right, binding = {} }, sentence) => {
        const { journey } = await way(namespace);
        await secret(data);
        await patch("appbinding", "sample-nats", { spec: { ...plain, ...binding } });
        const session = await journey.backUp("sample-nats-backup");
        expect(session.status?.phase).toBe("Failed");
        expect(errorOf(session)).toMatch(sentence);
        expect(JSON.stringify(session)).not.toMatch(/changeit|not-the-one/);
      },
    );

    test("secretTransforms make a login of other keys, of another Secret too", async () => {
      const { journey } = await way(namespace);
      await secret({ ...right, username: null, password: null, user: "sample-user" });
      const metadata = { name: "passwords", namespace };
      await system.desk.apply({ apiVersion: "v1", kind: "Secret", metadata, stringData: { pass: "changeit" } });
      const secretTransforms = [
        { renameKey: { from: "user", to: "username" } },
        { addKeysFrom: { secretRef: { name: "passwords" } } },
        { renameKey: { from: "pass", to: "password" } },
      ];
      await patch("appbinding", "sample-nats", { spec: { ...plain, secretTransforms } });
      const session = await journey.backUp("sample-nats-backup");
      expect([session.status?.phase, errorOf(session)]).toEqual(["Succeeded", undefined]);
    });
  });
});
