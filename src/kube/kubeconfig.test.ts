import { chmod, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { inCluster } from "./in-cluster.ts";
import { kubeconfigPaths, readKubeconfig } from "./kubeconfig.ts";
import type { Rotating } from "./settings.ts";
import { current } from "./transport.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const read = async <T>(value: Rotating<T> | undefined) => await current(value);
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** A kubeconfig with one cluster, user and context, all named k. */
function config(cluster: object, user: object = {}, context: object = {}): string {
  return JSON.stringify({
    "current-context": "k",
    clusters: [{ name: "k", cluster: { server: "https://one:6443", ...cluster } }],
    users: [{ name: "k", user }],
    contexts: [{ name: "k", context: { cluster: "k", user: "k", ...context } }],
  });
}

function failureOf(call: () => unknown): Failure {
  try {
    call();
  } catch (error) {
    if (Failure.is(error)) return error;
    throw error;
  }
  throw new Error("did not fail");
}

describe("the cluster", () => {
  test("is that of the current context, or of the one asked for", () => {
    const text = JSON.stringify({
      "current-context": "a",
      clusters: ["a", "b"].map((name) => ({ name, cluster: { server: `https://${name}:6443/base` } })),
      contexts: ["a", "b"].map((name) => ({
        name,
        context: { cluster: name, ...(name === "b" ? { namespace: "demo" } : {}) },
      })),
    });
    expect(readKubeconfig({ text })).toEqual({ server: "https://a:6443/base", namespace: "default", context: "a" });
    expect(readKubeconfig({ text, context: "b" })).toMatchObject({ server: "https://b:6443/base", namespace: "demo" });
  });
  test("has a CA from data or from a file beside the kubeconfig", async () => {
    await file("ca.crt", "PEM of a file\n");
    const path = await file("config", config({ "certificate-authority": "ca.crt" }));
    expect(await read(readKubeconfig({ path }).ca)).toBe("PEM of a file");
    const both = { "certificate-authority": "ca.crt", "certificate-authority-data": base64("PEM of data") };
    expect(await read(readKubeconfig({ text: config(both), folder }).ca)).toBe("PEM of data");
  });
  test("has a name for TLS, and may be taken unseen", () => {
    const settings = readKubeconfig({
      text: config({ "tls-server-name": "kubernetes", "insecure-skip-tls-verify": true }),
    });
    expect(settings).toMatchObject({ serverName: "kubernetes", insecure: true });
  });
});

describe("the user", () => {
  test.each<[string, object, object]>([
    ["has a token", { token: "t" }, { token: "t" }],
    ["has a token in a file, which goes first", { token: "t", tokenFile: "token" }, { token: "of a file" }],
    ["has a name and password", { username: "u", password: "p" }, { basic: { user: "u", password: "p" } }],
    ["has nothing", {}, {}],
    [
      "has a certificate",
      { "client-certificate-data": base64("CERT"), "client-key": "key.pem" },
      { clientCertificate: { cert: "CERT", key: "KEY" } },
    ],
  ])("%s", async (_title, user, expected) => {
    await file("token", "of a file\n");
    await file("key.pem", "KEY\n");
    const { token, basic, clientCertificate } = readKubeconfig({ text: config({}, user), folder });
    const found = { token: await read(token), basic, clientCertificate: await read(clientCertificate) };
    expect(JSON.parse(JSON.stringify(found))).toEqual(expected);
  });
});

describe("several files", () => {
  test("are one, in which the first that has an entry counts", async () => {
    const one = await file(
      "one",
      JSON.stringify({ clusters: [{ name: "k", cluster: { server: "https://first:1" } }] }),
    );
    const two = await file("two", config({ server: "https://second:2" }, { token: "t" }));
    expect(readKubeconfig({ paths: [join(folder, "absent"), one, two] })).toMatchObject({
      server: "https://first:1",
      token: "t",
    });
    expect(readKubeconfig({ paths: [two, one] })).toMatchObject({ server: "https://second:2" });
  });
  test.each([
    ["a:b", ["a", "b"]],
    [":a:", ["a"]],
    ["", ["/home/ada/.kube/config"]],
    [undefined, ["/home/ada/.kube/config"]],
  ])("are found by KUBECONFIG=%s", (variable, paths) => {
    expect(kubeconfigPaths({ variable, home: "/home/ada" })).toEqual(paths);
  });
});

describe("a kubeconfig is refused", () => {
  const missing = { clusters: [], contexts: [{ name: "k", context: { cluster: "gone" } }], "current-context": "k" };
  test.each<[string, string, string]>([
    ["without a context", "{}", "has no current context"],
    ["that is no YAML", "a: [", "no YAML"],
    ["that is something else", "clusters: 5", "clusters is not as it must be"],
    ["whose cluster is missing", JSON.stringify(missing), "names the cluster gone"],
    ["whose user is missing", config({}, {}, { user: "gone" }), "names the user gone"],
    ["without a server", config({ server: "" }), "has no server"],
    ["with a server that is no address", config({ server: "one:6443" }), "has no server"],
    ["with a proxy", config({ "proxy-url": "http://proxy" }), "proxy"],
    ["with an auth-provider", config({}, { "auth-provider": { name: "gcp" } }), "gcp"],
    ["that acts for others", config({}, { as: "root" }), "act as another user"],
    [
      "with an unknown exec version",
      config({}, { exec: { apiVersion: "client.authentication.k8s.io/v1alpha1", command: "x" } }),
      "v1alpha1",
    ],
  ])("%s", (_title, text, message) => {
    const failure = failureOf(() => readKubeconfig({ text }));
    expect(failure.code).toBe("configuration-invalid");
    expect(failure.message).toContain(message);
  });
  test("that is not there", () => {
    expect(failureOf(() => readKubeconfig({ path: "/nowhere/config" })).message).toBe(
      "there is no kubeconfig at /nowhere/config",
    );
  });
  test("with the contexts that it has", () => {
    expect(failureOf(() => readKubeconfig({ text: config({}), context: "x" })).hint).toBe("its contexts are k");
  });
  test("without showing what is in it", () => {
    for (const text of [
      'users: [{name: k, user: {token: ["s3cret"]}}]',
      'token: "s3cret" x',
      "users: [{user: s3cret}]",
    ]) {
      const failure = failureOf(() => readKubeconfig({ text }));
      expect(`${failure.message} ${failure.hint} ${failure.cause}`).not.toContain("s3cret");
    }
  });
});

describe("a program that gives credentials", () => {
  const env = { PATH: process.env["PATH"] ?? "" };
  const version = "client.authentication.k8s.io/v1";
  const credential = (status: object) => JSON.stringify({ apiVersion: version, kind: "ExecCredential", status });

  /** Writes `output`, and a line into the file `calls` each time. */
  async function program(name: string, body: string): Promise<string> {
    await file("calls", "");
    await chmod(await file(name, `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" >> "${folder}/calls"\n${body}\n`), 0o755);
    return `./${name}`;
  }
  async function calls(): Promise<string[]> {
    const { readFile } = await import("node:fs/promises");
    return (await readFile(join(folder, "calls"), "utf8")).split("\n").filter((line) => line !== "");
  }
  const settings = (exec: object) =>
    readKubeconfig({ text: config({}, { exec: { apiVersion: version, ...exec } }), folder, env });

  test("is run once until they run out", async () => {
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const command = await program("lasting", `echo '${credential({ token: "t", expirationTimestamp: later })}'`);
    const { token, clientCertificate, renew } = settings({ command, provideClusterInfo: true });
    const both = await Promise.all([read(token), read(token), read(clientCertificate)]);
    expect(both).toEqual(["t", "t", undefined]);
    expect((await calls()).map((line) => JSON.parse(line))).toEqual([
      {
        apiVersion: version,
        kind: "ExecCredential",
        spec: { interactive: false, cluster: { server: "https://one:6443" } },
      },
    ]);
    await renew?.();
    await read(token);
    expect(await calls()).toHaveLength(2);
  });
  test("is run again when they ran out", async () => {
    const soon = new Date(Date.now() + 5_000).toISOString();
    const command = await program("short", `echo '${credential({ token: "t", expirationTimestamp: soon })}'`);
    const { token } = settings({ command });
    await read(token);
    await read(token);
    expect(await calls()).toHaveLength(2);
  });
  test("gives certificates, and is told what its entry says", async () => {
    const body = `printf '{"kind":"ExecCredential","status":{"clientCertificateData":"%s","clientKeyData":"%s"}}' "$A" "$1"`;
    const command = await program("certificate", body);
    const { clientCertificate } = settings({ command, args: ["KEY"], env: [{ name: "A", value: "CERT" }] });
    expect(await read(clientCertificate)).toEqual({ cert: "CERT", key: "KEY" });
  });
  test.each([
    ["fails", "echo no luck >&2; exit 3", "no luck"],
    ["writes nonsense", "echo s3cret", "wrote no ExecCredential"],
    ["gives nothing", `echo '{"kind":"ExecCredential","status":{}}'`, "without credentials"],
  ])("that %s is named, and asked again the next time", async (_title, body, message) => {
    const { token } = settings({ command: await program("bad", body) });
    for (let times = 0; times < 2; times++) {
      const error = await read(token).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "credentials-unreadable", message: expect.stringContaining(message) });
      expect(String(error)).not.toContain("s3cret");
    }
    expect(await calls()).toHaveLength(2);
  });
  test("that is missing says how to get it", async () => {
    const { token } = settings({ command: "./absent", installHint: "get it there" });
    await expect(read(token)).rejects.toMatchObject({ code: "program-missing", hint: "get it there" });
  });
  test("may not ask a person", () => {
    expect(failureOf(() => settings({ command: "x", interactiveMode: "Always" })).message).toContain("terminal");
  });
});

describe("inside a pod", () => {
  test("the ServiceAccount's files say who we are, as they are at the time", async () => {
    for (const [name, text] of [
      ["token", "one\n"],
      ["ca.crt", "PEM"],
      ["namespace", "demo"],
    ] as const)
      await file(name, text);
    const settings = inCluster({ host: "fd00::1", port: 443, folder });
    expect(settings).toMatchObject({ server: "https://[fd00::1]:443", namespace: "demo" });
    expect([await read(settings.token), await read(settings.ca)]).toEqual(["one", "PEM"]);
    expect(await settings.renew?.()).toBe(false);
    await file("token", "two\n");
    await utimes(join(folder, "token"), 1, 1);
    expect(await settings.renew?.()).toBe(true);
    expect(await read(settings.token)).toBe("two");
    await rm(join(folder, "token"));
    // it is being replaced
    expect(await settings.renew?.()).toBe(false);
    expect(await read(settings.token)).toBe("two");
  });
  test("a token is looked at again after a second", async () => {
    for (const [name, text] of [
      ["token", "one"],
      ["ca.crt", "PEM"],
      ["namespace", "demo"],
    ] as const)
      await file(name, text);
    const { token } = inCluster({ host: "10.0.0.1", port: "443", folder });
    await file("token", "another");
    await expect.poll(() => read(token), { timeout: 3_000 }).toBe("another");
  });
  test("without the files there is no way in", () => {
    const failure = failureOf(() => inCluster({ host: "10.0.0.1", port: 443, folder: "/nowhere" }));
    expect(failure.code).toBe("credentials-unreadable");
  });
});
