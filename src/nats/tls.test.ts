import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { startNatsServer } from "../../tests/support/nats-server.ts";
import { describe as describeFailure } from "../kit/failures.ts";
import { connect } from "./connection.ts";
import { openJetStream } from "./jetstream.ts";
import { streamNames } from "./streams.ts";
import { tlsTroubleOf } from "./tls-trouble.ts";

describe("TLS", () => {
  let folder = "";
  let pem = { ca: "", cert: "", key: "" };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "wire-tls-"));
    makeCertificates(folder);
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    pem = { ca: read("ca.pem"), cert: read("client.pem"), key: read("client.key") };
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const tls = (more = "") => ({
    config: `tls { cert_file: "${folder}/server.pem", key_file: "${folder}/server.key", ca_file: "${folder}/ca.pem", ${more} }`,
  });

  test("a CA is enough where the server wants no certificate; by IP, by name, and after tls://", async () => {
    await using server = await startNatsServer(tls());
    const ca = pem.ca;
    for (const url of [`nats://127.0.0.1:${server.port}`, `tls://localhost:${server.port}`]) {
      await using connection = await connect({ servers: [url], tls: { ca } });
      await connection.flush();
    }
    await using named = await connect({ servers: [server.url], tls: { ca, serverName: "nats.test" } });
    await named.flush();
    await using insecure = await connect({ servers: [server.url], tls: { insecure: true } });
    await insecure.flush();
  });

  test("a certificate of an unknown CA or for another name is not trusted", async () => {
    await using server = await startNatsServer(tls());
    for (const [options, trouble] of [
      [undefined, "issuer"],
      [{ ca: pem.ca, serverName: "other.test" }, "name"],
    ] as const) {
      const failure = await failureOf(
        connect({ servers: [server.url], ...(options === undefined ? {} : { tls: options }) }),
      );
      expect(failure.code).toBe("server-unreachable");
      expect(failure.message).toContain("has no certificate to trust");
      expect(tlsTroubleOf(failure)).toBe(trouble);
    }
  });

  test("client certificates", async () => {
    await using server = await startNatsServer(tls("verify: true"));
    await using connection = await connect({ servers: [server.url], tls: pem });
    expect(await streamNames(openJetStream(connection))).toEqual([]);
    const without = await failureOf(connect({ servers: [server.url], tls: { ca: pem.ca } }));
    expect([without.code, tlsTroubleOf(without)]).toEqual(["not-permitted", "client"]);
    expect(describeFailure(without)).not.toContain("SSL routines");
  });

  test("handshake first", async () => {
    await using server = await startNatsServer(tls("handshake_first: true"));
    await using connection = await connect({ servers: [server.url], tls: { ca: pem.ca, handshakeFirst: true } });
    await connection.flush();
  });

  test("tls:// refuses a server without TLS", async () => {
    await using server = await startNatsServer();
    const failure = await failureOf(connect({ servers: [`tls://127.0.0.1:${server.port}`] }));
    expect([failure.code, tlsTroubleOf(failure)]).toEqual(["server-unreachable", "absent"]);
  });

  test("a server that does not begin with TLS is told from one that is away", async () => {
    await using server = await startNatsServer(tls());
    const failure = await failureOf(connect({ servers: [server.url], tls: { ca: pem.ca, handshakeFirst: true } }));
    expect([failure.code, tlsTroubleOf(failure)]).toEqual(["server-unreachable", "order"]);
  });

  test("PEM texts that are none are told", async () => {
    const failure = await failureOf(connect({ servers: ["nats://127.0.0.1:1"], tls: { cert: "x", key: "y" } }));
    expect(failure.code).toBe("credentials-unreadable");
  });
});

function makeCertificates(folder: string): void {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...ec, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA");
  writeFileSync(join(folder, "server.ext"), "subjectAltName=DNS:localhost,DNS:nats.test,IP:127.0.0.1");
  writeFileSync(join(folder, "client.ext"), "extendedKeyUsage=clientAuth");
  for (const name of ["server", "client"]) {
    openssl("req", ...ec, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", `${name}.ext`];
    openssl("x509", "-req", "-in", `${name}.csr`, ...sign, "-out", `${name}.pem`);
  }
}
