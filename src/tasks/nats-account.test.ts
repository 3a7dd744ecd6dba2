import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { memoryCluster } from "../../tests/support/memory-cluster.ts";
import { startNatsServer } from "../../tests/support/nats-server.ts";
import { openHosts } from "../kit/hosts.ts";
import { silentLog } from "../kit/log.ts";
import { openPaths } from "../kit/paths.ts";
import { secrets } from "../kube/core.ts";
import { resourceOf } from "../kube/resource.ts";
import type { TaskContext } from "./context.ts";
import { taskEnvironmentOf } from "./environment.ts";
import { dialled, openAccount } from "./nats-account.ts";

const { signal } = new AbortController();
const hosts = openHosts({ "sample-nats.demo.svc:4222": "127.0.0.1:4300", "six.demo.svc:4222": "[::1]:4300" });

test.each([
  [
    "a host that the cluster knows",
    ["nats://sample-nats.demo.svc:4222"],
    undefined,
    { servers: ["nats://127.0.0.1:4300"] },
  ],
  ["any other as it is", ["nats://nats.example.com:4222"], undefined, { servers: ["nats://nats.example.com:4222"] }],
  ["an address of the newer kind", ["nats://six.demo.svc:4222"], undefined, { servers: ["nats://[::1]:4300"] }],
  [
    "a login in the address",
    ["nats://jo:pw@sample-nats.demo.svc"],
    undefined,
    { servers: ["nats://jo:pw@127.0.0.1:4300"] },
  ],
  [
    "with the name that was asked for in the certificate",
    ["tls://sample-nats.demo.svc:4222"],
    undefined,
    { servers: ["tls://127.0.0.1:4300"], tls: { serverName: "sample-nats.demo.svc" } },
  ],
  [
    "with the name that the AppBinding says",
    ["nats://sample-nats.demo.svc:4222"],
    { ca: "CA", serverName: "short" },
    { servers: ["nats://127.0.0.1:4300"], tls: { ca: "CA", serverName: "short" } },
  ],
])("dials %s", (_title, servers, tls, expected) => {
  const address = { servers, credentials: { kind: "none" as const }, ...(tls === undefined ? {} : { tls }) };
  expect(dialled(address, hosts, false)).toEqual(expected);
});

/** The guide's set-up: a certificate for the short name of the service, and clients that must show one. */
describe("an AppBinding with TLS", () => {
  let folder = "";
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "account-tls-"));
    makeCertificates(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function connectWith(clientConfig: object, data: Readonly<Record<string, string>>) {
    await using server = await startNatsServer({
      config: `tls { cert_file: "${folder}/server.pem", key_file: "${folder}/server.key", ca_file: "${folder}/ca.pem", verify: true }`,
    });
    const cluster = memoryCluster();
    const namespace = "demo";
    const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
    await cluster.create(
      secrets,
      { metadata: { name: "nats-client-tls", namespace }, data: Object.fromEntries(encoded) },
      { signal },
    );
    const service = { scheme: "nats", name: "sample-nats-tls", port: 4222 };
    const spec = { clientConfig: { service, ...clientConfig }, secret: { name: "nats-client-tls" } };
    await cluster.create(
      resourceOf("AppBinding"),
      { metadata: { name: "sample-nats-tls", namespace }, spec },
      { signal },
    );
    const context: TaskContext = {
      ...{ cluster, namespace, signal, log: silentLog, paths: openPaths({}), now: () => new Date() },
      hosts: openHosts({ "sample-nats-tls.demo.svc:4222": `127.0.0.1:${server.port}` }),
      environment: taskEnvironmentOf({}),
    };
    await using account = await openAccount(context, {
      binding: { namespace, name: "sample-nats-tls" },
      ...{ tlsFirst: false, jetstream: {}, patience: { waitMs: 30_000, onTrouble: async () => {} } },
    });
    await account.jetstream.connection.flush();
    return account.jetstream.connection.serverVersion;
  }
  const client = () => ({ "tls.crt": read("client.pem"), "tls.key": read("client.key") });
  const caBundle = () => Buffer.from(read("ca.pem")).toString("base64");

  test("works when serverName is the certificate's", async () => {
    expect(await connectWith({ caBundle: caBundle(), serverName: "sample-nats-tls" }, client())).toBe("2.12.15");
  });
  test("works with insecureSkipTLSVerify", async () => {
    expect(await connectWith({ insecureSkipTLSVerify: true }, client())).toBe("2.12.15");
  });
  test.each([
    ["the certificate is for another name", () => ({ caBundle: caBundle() }), client, /sample-nats-tls\.demo\.svc/],
    ["the CA is missing", () => ({ serverName: "sample-nats-tls" }), client, /certificate/],
    [
      "the client shows none",
      () => ({ caBundle: caBundle(), serverName: "sample-nats-tls" }),
      () => ({}),
      /client certificate/,
    ],
  ])("is refused at once when %s", async (_title, clientConfig, data, cause) => {
    const failure = await failureOf(connectWith(clientConfig(), data()));
    expect(failure.message).toContain("connecting to the server of AppBinding demo/sample-nats-tls");
    expect(String(failure.cause)).toMatch(cause);
    expect(failure.tookMs).toBeLessThan(10_000);
  });
});

function makeCertificates(folder: string): void {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...ec, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA");
  writeFileSync(join(folder, "server.ext"), "subjectAltName=DNS:sample-nats-tls");
  writeFileSync(join(folder, "client.ext"), "extendedKeyUsage=clientAuth");
  for (const name of ["server", "client"]) {
    openssl("req", ...ec, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", `${name}.ext`];
    openssl("x509", "-req", "-in", `${name}.csr`, ...sign, "-out", `${name}.pem`);
  }
}
