import { describe, expect, test } from "vitest";
import { AppBindingSpec } from "../api/app-binding.ts";
import { Failure } from "../kit/failures.ts";
import { connectionOf, secretsInTransforms, transformed } from "./connection.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const service = { scheme: "nats", name: "sample-nats", port: 4222 };

function binding(clientConfig: object, more: object = {}) {
  const spec = AppBindingSpec.parse({ clientConfig, ...more });
  return { metadata: { name: "sample-nats", namespace: "demo" }, spec };
}

function failureOf(run: () => unknown): Failure {
  try {
    run();
  } catch (error) {
    if (Failure.is(error)) return error;
  }
  throw new Error("it did not fail");
}

test.each([
  ["a service, in the AppBinding's namespace", { service }, ["nats://sample-nats.demo.svc:4222"]],
  ["a service elsewhere", { service: { ...service, namespace: "nats" } }, ["nats://sample-nats.nats.svc:4222"]],
  ["a service before a url", { service, url: "nats://other:4222" }, ["nats://sample-nats.demo.svc:4222"]],
  ["a service with TLS", { service: { ...service, scheme: "tls" } }, ["tls://sample-nats.demo.svc:4222"]],
  [
    "a service's path and query mean nothing",
    { service: { ...service, path: "/x", query: "y=1" } },
    ["nats://sample-nats.demo.svc:4222"],
  ],
  ["a url", { url: "nats://nats.example.com:4222" }, ["nats://nats.example.com:4222"]],
  ["a url without a scheme", { url: "nats.example.com:4222" }, ["nats://nats.example.com:4222"]],
  ["a url with a path", { url: "tls://nats.example.com:4222/a?b=c" }, ["tls://nats.example.com:4222"]],
  ["several urls", { url: "nats://a:4222, nats://b:4223" }, ["nats://a:4222", "nats://b:4223"]],
])("reaches %s", (_title, clientConfig, servers) => {
  expect(connectionOf(binding(clientConfig), {}).servers).toEqual(servers);
});

test.each([
  ["neither service nor url", {}, "neither a service nor a url"],
  ["a WebSocket", { url: "ws://nats:8080" }, "the scheme ws "],
  ["a service with an unknown scheme", { service: { ...service, scheme: "wss" } }, "the scheme wss "],
])("refuses %s", (_title, clientConfig, text) => {
  const failure = failureOf(() => connectionOf(binding(clientConfig), {}));
  expect([failure.code, failure.message]).toEqual(["configuration-invalid", expect.stringContaining(text)]);
});

const nkey =
  "SUAMK2FG4MI6UE3ACF3FK3OIQBCEIEZV7NSWFFEW63UXMRLFM2XLAXK4GY\nUDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4\n";

describe("logs in as the secret says:", () => {
  test.each([
    ["without a secret", undefined, { kind: "none" }],
    ["with an empty one", {}, { kind: "none" }],
    ["by token", { token: "s3cret\n" }, { kind: "token", token: "s3cret" }],
    ["by user and password", { username: "jo", password: "pw" }, { kind: "user", user: "jo", password: "pw" }],
    [
      "by user and password before a token",
      { token: "t", username: "jo", password: "pw" },
      { kind: "user", user: "jo", password: "pw" },
    ],
    ["by a seed with its public key below", { nkey }, { kind: "nkey", seed: nkey.trimEnd() }],
    ["by creds", { creds: "-----BEGIN" }, { kind: "creds", text: "-----BEGIN" }],
    ["by creds before an nkey", { creds: "-----BEGIN", nkey }, { kind: "creds", text: "-----BEGIN" }],
  ])("%s", (_title, login, credentials) => {
    expect(connectionOf(binding({ service }), { login }).credentials).toEqual(credentials);
  });

  test.each([
    [{ username: "jo" }, "password"],
    [{ username: "jo", password: "\n" }, "password"],
    [{ password: "pw" }, "username"],
    [{ "tls.crt": "x" }, "tls.key"],
    [{ "tls.key": "x" }, "tls.crt"],
  ])("half a pair %j lacks %s", (login, key) => {
    const failure = failureOf(() => connectionOf(binding({ service }), { login }));
    expect([failure.code, failure.details, failure.message]).toEqual([
      "configuration-invalid",
      { key },
      expect.stringContaining(`lacks ${key}`),
    ]);
    expect(failure.message).not.toContain("pw");
  });
});

describe("speaks TLS:", () => {
  test.each([
    ["not unless something asks for it", {}, {}, undefined],
    ["with the CA", { caBundle: base64("CA") }, {}, { ca: "CA" }],
    [
      "for another name",
      { caBundle: base64("CA"), serverName: "sample-nats-tls" },
      {},
      { ca: "CA", serverName: "sample-nats-tls" },
    ],
    ["with any certificate", { insecureSkipTLSVerify: true }, {}, { insecure: true }],
    ["not with insecureSkipTLSVerify off", { insecureSkipTLSVerify: false }, {}, undefined],
    ["with a client certificate", {}, { login: { "tls.crt": "C", "tls.key": "K" } }, { cert: "C", key: "K" }],
    [
      "with that of tlsSecret",
      {},
      { tls: { "tls.crt": "C", "tls.key": "K", "ca.crt": "CA" } },
      { cert: "C", key: "K", ca: "CA" },
    ],
    [
      "with the secret's before tlsSecret's",
      {},
      { login: { "tls.crt": "C", "tls.key": "K" }, tls: { "tls.crt": "D", "tls.key": "L" } },
      { cert: "C", key: "K" },
    ],
  ])("%s", (_title, clientConfig, secrets, tls) => {
    expect(connectionOf(binding({ service, ...clientConfig }), secrets).tls).toEqual(tls);
  });
});

describe("changes a secret before it is read:", () => {
  const others = new Map([["more", { token: "t", extra: "e" }]]);
  test.each([
    ["renames", [{ renameKey: { from: "user", to: "username" } }], { username: "jo", keep: "x" }],
    ["adds a text", [{ addKey: { key: "password", stringValue: "pw" } }], { user: "jo", keep: "x", password: "pw" }],
    ["adds bytes", [{ addKey: { key: "password", value: base64("pw") } }], { user: "jo", keep: "x", password: "pw" }],
    [
      "adds another's keys",
      [{ addKeysFrom: { secretRef: { name: "more" } } }],
      { user: "jo", keep: "x", token: "t", extra: "e" },
    ],
    ["removes", [{ removeKey: { key: "keep" } }], { user: "jo" }],
    [
      "in order",
      [{ renameKey: { from: "user", to: "a" } }, { renameKey: { from: "a", to: "b" } }, { removeKey: { key: "keep" } }],
      { b: "jo" },
    ],
    [
      "one thing an entry",
      [{ addKey: { key: "a", stringValue: "1" }, removeKey: { key: "user" } }],
      { user: "jo", keep: "x", a: "1" },
    ],
  ])("%s", (_title, transforms, expected) => {
    const { secretTransforms } = binding({ service }, { secretTransforms: transforms }).spec;
    expect(transformed({ user: "jo", keep: "x" }, secretTransforms, others)).toEqual(expected);
  });

  test("a key that is not there cannot be renamed", () => {
    const failure = failureOf(() => transformed({}, [{ renameKey: { from: "user", to: "username" } }], others));
    expect([failure.code, failure.details]).toEqual(["configuration-invalid", { key: "user" }]);
  });

  test("names the other secrets it needs", () => {
    expect(
      secretsInTransforms([{ addKeysFrom: { secretRef: { name: "more" } } }, { removeKey: { key: "x" } }]),
    ).toEqual(["more"]);
    expect(secretsInTransforms(undefined)).toEqual([]);
  });
});
