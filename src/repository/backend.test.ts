import { describe, expect, test } from "vitest";
import { BackendSpec, backendAddress, type SecretValues } from "./backend.ts";

const files = new Map<string, string>();
const disk = {
  writeFile(name: string, text: string): string {
    files.set(name, text);
    return `/scratch/${name}`;
  },
};
const password = { RESTIC_PASSWORD: "pw" };
const aws = { AWS_ACCESS_KEY_ID: "AK", AWS_SECRET_ACCESS_KEY: "SK" };
const b2 = { B2_ACCOUNT_ID: "1", B2_ACCOUNT_KEY: "2" };

function address(spec: unknown, secret: SecretValues = password) {
  return backendAddress(BackendSpec.parse(spec), secret, disk);
}

describe("urls", () => {
  test.each([
    ["a folder", { local: { mountPath: "/safe/data", nfs: { server: "x" } } }, "/safe/data"],
    ["s3", { s3: { endpoint: "s3.amazonaws.com", bucket: "b" } }, "s3:s3.amazonaws.com/b"],
    [
      "s3 with a prefix",
      { s3: { endpoint: "http://m:9000/", bucket: "b", prefix: "//a//c/" } },
      "s3:http://m:9000/b/a/c",
    ],
    ["gcs", { gcs: { bucket: "b", prefix: "/demo/nats/sample-nats" } }, "gs:b:/demo/nats/sample-nats"],
    ["gcs without a prefix", { gcs: { bucket: "b" } }, "gs:b:/"],
    ["azure", { azure: { container: "c", prefix: "p/q" } }, "azure:c:/p/q"],
    ["swift", { swift: { container: "c", prefix: "/p" } }, "swift:c:/p"],
    ["b2", { b2: { bucket: "b", prefix: "p//q/" } }, "b2:b:/p/q"],
    ["rest", { rest: { url: "http://rest:8000/repo/" } }, "rest:http://rest:8000/repo/"],
    ["the first of several", { rest: { url: "http://r" }, s3: { endpoint: "e", bucket: "b" } }, "s3:e/b"],
  ])("%s", (_title, spec, url) => {
    expect(address(spec, { ...password, ...b2 }).url).toBe(url);
  });
});

describe("keys become environment", () => {
  const swift3 = {
    OS_AUTH_URL: "u",
    OS_USERNAME: "n",
    OS_PASSWORD: "p",
    OS_USER_DOMAIN_NAME: "d",
    OS_PROJECT_NAME: "x",
  };
  const s3 = { endpoint: "e", bucket: "b" };
  test.each<[string, unknown, Record<string, string>, Record<string, string>]>([
    ["nothing for a folder", { local: { mountPath: "/d" } }, aws, {}],
    ["both for s3", { s3 }, aws, aws],
    ["none for s3: a role is used", { s3 }, {}, {}],
    ["the region of s3", { s3: { ...s3, region: "eu-1" } }, aws, { ...aws, AWS_DEFAULT_REGION: "eu-1" }],
    ["a line feed at the end is dropped", { s3 }, { ...aws, AWS_SECRET_ACCESS_KEY: "SK\n" }, aws],
    [
      "azure",
      { azure: { container: "c" } },
      { AZURE_ACCOUNT_NAME: "n", AZURE_ACCOUNT_KEY: "k", ...aws },
      { AZURE_ACCOUNT_NAME: "n", AZURE_ACCOUNT_KEY: "k" },
    ],
    ["swift", { swift: { container: "c" } }, { ...swift3, X: "y" }, swift3],
    ["b2", { b2: { bucket: "b" } }, b2, b2],
    [
      "rest",
      { rest: { url: "http://r" } },
      { REST_SERVER_USERNAME: "u", REST_SERVER_PASSWORD: "p@/" },
      { RESTIC_REST_USERNAME: "u", RESTIC_REST_PASSWORD: "p@/" },
    ],
    [
      "rest with a user alone",
      { rest: { url: "http://r" } },
      { REST_SERVER_USERNAME: "u" },
      { RESTIC_REST_USERNAME: "u" },
    ],
  ])("%s", (_title, spec, keys, env) => {
    expect(address(spec, { ...password, ...keys }).env).toEqual(env);
  });

  test("a Google key becomes a file", () => {
    const secret = { ...password, GOOGLE_PROJECT_ID: "p", GOOGLE_SERVICE_ACCOUNT_JSON_KEY: "{}" };
    const { env } = address({ gcs: { bucket: "b" } }, secret);
    expect(env).toEqual({
      GOOGLE_PROJECT_ID: "p",
      GOOGLE_APPLICATION_CREDENTIALS: "/scratch/google-service-account.json",
    });
    expect(files.get("google-service-account.json")).toBe("{}");
  });

  test("a user in the Secret replaces one in the URL", () => {
    const { url } = address({ rest: { url: "http://a:b@r:8000/x" } }, { ...password, REST_SERVER_USERNAME: "u" });
    expect(url).toBe("rest:http://r:8000/x");
  });
});

describe("flags", () => {
  test.each<[string, unknown, string[]]>([
    ["none by default", { s3: { endpoint: "e", bucket: "b" } }, []],
    ["unchecked certificates", { s3: { endpoint: "e", bucket: "b", insecureTLS: true } }, ["--insecure-tls"]],
    ["connections of gcs", { gcs: { bucket: "b", maxConnections: 9 } }, ["--option", "gs.connections=9"]],
    ["connections of azure", { azure: { container: "c", maxConnections: 9 } }, ["--option", "azure.connections=9"]],
    ["connections of b2", { b2: { bucket: "b", maxConnections: 9 } }, ["--option", "b2.connections=9"]],
    ["no connections mean restic's default", { gcs: { bucket: "b", maxConnections: 0 } }, []],
  ])("%s", (_title, spec, options) => {
    expect(address(spec, { ...password, ...b2 }).options).toEqual(options);
  });

  test("own certificate authorities become a file", () => {
    const secret = { ...password, CA_CERT_DATA: "PEM\n" };
    const { options } = address({ s3: { endpoint: "e", bucket: "b", insecureTLS: true } }, secret);
    expect(options).toEqual(["--insecure-tls", "--cacert", "/scratch/ca.crt"]);
    expect(files.get("ca.crt")).toBe("PEM\n");
  });
});

test("the password is passed on as it is", () => {
  const secret = { RESTIC_PASSWORD: " two words\n" };
  expect(address({ local: { mountPath: "/d" } }, secret).password).toEqual({ kind: "text", text: " two words\n" });
});

test.each<[string, unknown, SecretValues]>([
  ["RESTIC_PASSWORD", { local: { mountPath: "/d" } }, {}],
  ["RESTIC_PASSWORD", { s3: { endpoint: "e", bucket: "b" } }, { ...aws, RESTIC_PASSWORD: "" }],
  ["AWS_SECRET_ACCESS_KEY", { s3: { endpoint: "e", bucket: "b" } }, { ...password, AWS_ACCESS_KEY_ID: "AK" }],
  ["AWS_ACCESS_KEY_ID", { s3: { endpoint: "e", bucket: "b" } }, { ...password, AWS_SECRET_ACCESS_KEY: "SK" }],
  ["B2_ACCOUNT_ID", { b2: { bucket: "b" } }, password],
  ["B2_ACCOUNT_KEY", { b2: { bucket: "b" } }, { ...password, B2_ACCOUNT_ID: "1" }],
])("names the missing key %s", (key, spec, secret) => {
  expect(() => address(spec, secret)).toThrow(
    expect.objectContaining({ code: "configuration-invalid", message: expect.stringContaining(key), details: { key } }),
  );
});

test("refuses a repository without a backend", () => {
  expect(() => address({})).toThrow(expect.objectContaining({ code: "configuration-invalid" }));
});
