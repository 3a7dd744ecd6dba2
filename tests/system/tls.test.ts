import type { ConnectionOptions } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Authority, type Issued, openAuthority } from "../support/certificates.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { type Document, type Journey, makeOrders } from "./journey.ts";
import { errorOf, expectRoundTrip, openGuide } from "./round-trip.ts";
import { type System, startSystem, systemMissing } from "./system.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe.skipIf(systemMissing() !== undefined)("the guide for TLS", { timeout: 120_000 }, () => {
  let system: System;
  let authority: Authority;
  let client: Issued;
  let open: AsyncDisposableStack;
  beforeAll(async () => {
    open = new AsyncDisposableStack();
    authority = open.use(openAuthority());
    client = authority.issue("sample-nats-client", "client");
    system = open.use(await startSystem());
  }, 120_000);
  afterAll(async () => await open?.disposeAsync());

  interface Installed {
    readonly journey: Journey;
    readonly reached: ConnectionOptions;
  }

  /** The guide in a namespace of its own, with a server whose certificate names `host` and that wants one of clients. */
  async function install(namespace: string, host: string): Promise<Installed> {
    const own = authority.issue(`server-of-${namespace}`, { hosts: [host] });
    const files = `cert_file: "${own.certificateFile}", key_file: "${own.keyFile}"`;
    const config = `tls { ${files}, ca_file: "${authority.certificateFile}", verify: true }`;
    const server: TestServer = open.use(await startNatsServer({ config }));
    system.route(`sample-nats-tls.${namespace}.svc:4222`, server.port);
    const change = (document: Document): Document =>
      document.kind === "AppBinding" ? withAuthority(document, authority.certificate) : document;
    const journey = await openGuide(system, { name: "tls", namespace, change });
    await system.desk.apply({
      ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls" },
      metadata: { name: "nats-client-tls", namespace },
      stringData: { "ca.crt": authority.certificate, "tls.crt": client.certificate, "tls.key": client.key },
    });
    return { journey, reached: { servers: server.url, tls: ownTls() } };
  }

  /** As nats-box has it. Its own address is not what the tests are about. */
  function ownTls() {
    const checkServerIdentity = () => undefined;
    return { ca: authority.certificate, cert: client.certificate, key: client.key, checkServerIdentity };
  }

  function withAuthority(document: Document, certificate: string): Document {
    const given = document.spec?.["clientConfig"];
    const clientConfig = { ...(typeof given === "object" ? given : {}), caBundle: base64(certificate) };
    return { ...document, spec: { ...document.spec, clientConfig } };
  }

  test("with a certificate for the name that is dialled, what was saved comes back as it was", async () => {
    const { journey, reached } = await install("tls", "sample-nats-tls.tls.svc");
    expect(await journey.row("secret", "nats-client-tls")).toMatchObject({ TYPE: "kubernetes.io/tls", DATA: "3" });
    await expectRoundTrip(journey, reached);
  });

  describe("with a certificate for the short name, as the guide has it,", () => {
    const namespace = "tls-short";
    let installed: Installed;
    beforeAll(async () => {
      installed = await install(namespace, "sample-nats-tls");
      await makeOrders(installed.reached);
    }, 60_000);

    async function bind(clientConfig: object): Promise<void> {
      const plain = { caBundle: base64(authority.certificate), serverName: null, insecureSkipTLSVerify: null };
      const spec = { clientConfig: { ...plain, ...clientConfig }, secret: { name: "nats-client-tls" } };
      await system.desk.kubectl(
        ...["patch", "appbinding", "sample-nats-tls", "-n", namespace, "--type=merge", "-p", JSON.stringify({ spec })],
      );
    }

    test.each([
      [
        "and neither serverName nor insecureSkipTLSVerify, the session fails soon and says which names differ",
        {},
        /sample-nats-tls\.tls-short\.svc.*DNS:sample-nats-tls; .*clientConfig\.serverName/,
      ],
      [
        "and no caBundle, the session fails soon and says that the certificate is not trusted",
        { caBundle: null, serverName: "sample-nats-tls" },
        /no certificate to trust: unable to verify the first certificate; set clientConfig\.caBundle/,
      ],
    ])("%s", async (_title, clientConfig, sentence) => {
      await bind(clientConfig);
      const session = await installed.journey.backUp("sample-nats-backup-tls");
      expect(session.status?.phase).toBe("Failed");
      expect(errorOf(session)).toMatch(sentence);
    });

    test("and a client that shows none, the session fails soon and says so", async () => {
      await bind({ serverName: "sample-nats-tls" });
      await system.desk.kubectl(
        ...[
          "patch",
          "appbinding",
          "sample-nats-tls",
          "-n",
          namespace,
          "--type=merge",
          "-p",
          '{"spec":{"secret":null}}',
        ],
      );
      const session = await installed.journey.backUp("sample-nats-backup-tls");
      expect(session.status?.phase).toBe("Failed");
      expect(errorOf(session)).toMatch(/refused the client certificate, or wants one; put tls\.crt and tls\.key/);
    });

    test.each([
      ["serverName", { serverName: "sample-nats-tls" }],
      ["insecureSkipTLSVerify", { caBundle: null, insecureSkipTLSVerify: true }],
    ])("and %s, the backup succeeds", async (_title, clientConfig) => {
      await bind(clientConfig);
      const session = await installed.journey.backUp("sample-nats-backup-tls");
      expect([session.status?.phase, errorOf(session)]).toEqual(["Succeeded", undefined]);
    });
  });
});
