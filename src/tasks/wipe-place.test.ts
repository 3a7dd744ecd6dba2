import { describe, expect, test } from "vitest";
import { backendAddress } from "../repository/backend.ts";
import { bucketPlace, decideWipe } from "./wipe-place.ts";

const files = { writeFile: (name: string) => `/keys/${name}` };
const place = (backend: object, secret: Record<string, string> = {}) =>
  bucketPlace(backend, backendAddress(backend, { RESTIC_PASSWORD: "x", ...secret }, files));
const prefixed = (settings: Record<string, string>) =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [`RCLONE_CONFIG_WIPE_${name}`, value]));

describe("rclone is told", () => {
  test.each([
    [
      "of an S3 server",
      { s3: { endpoint: "http://minio:9000", bucket: "b", prefix: "/demo//nats/" } },
      { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key" },
      {
        ...{ TYPE: "s3", PROVIDER: "Other", ENDPOINT: "http://minio:9000", ENV_AUTH: "false", NO_CHECK_BUCKET: "true" },
        ...{ ACCESS_KEY_ID: "id", SECRET_ACCESS_KEY: "key" },
      },
    ],
    [
      "of Amazon's, with the pod's identity",
      { s3: { endpoint: "s3.amazonaws.com", bucket: "b", prefix: "demo/nats" } },
      {},
      {
        ...{ TYPE: "s3", PROVIDER: "AWS", ENDPOINT: "https://s3.amazonaws.com", REGION: "us-east-1" },
        ...{ ENV_AUTH: "true", NO_CHECK_BUCKET: "true" },
      },
    ],
    [
      "of Google's",
      { gcs: { bucket: "b", prefix: "/demo/nats" } },
      { GOOGLE_PROJECT_ID: "p", GOOGLE_SERVICE_ACCOUNT_JSON_KEY: "{}" },
      {
        ...{ TYPE: "google cloud storage", PROJECT_NUMBER: "p", ENV_AUTH: "false" },
        SERVICE_ACCOUNT_FILE: "/keys/google-service-account.json",
      },
    ],
    [
      "of Azure's",
      { azure: { container: "b", prefix: "/demo/nats" } },
      { AZURE_ACCOUNT_NAME: "a", AZURE_ACCOUNT_KEY: "k" },
      { TYPE: "azureblob", ACCOUNT: "a", KEY: "k", ENV_AUTH: "false" },
    ],
    [
      "of an old Swift",
      { swift: { container: "b", prefix: "/demo/nats" } },
      { ST_AUTH: "http://a", ST_USER: "u", ST_KEY: "k" },
      { TYPE: "swift", ENV_AUTH: "false", AUTH: "http://a", USER: "u", KEY: "k", AUTH_VERSION: "1" },
    ],
  ])("%s", (_title, backend, secret, settings) => {
    expect(place(backend, secret)).toEqual({ bucket: "b", prefix: "demo/nats", env: prefixed(settings) });
  });

  test("which authorities to trust", () => {
    const s3 = { endpoint: "https://minio:9000", bucket: "b", insecureTLS: true };
    expect(place({ s3 }, { CA_CERT_DATA: "PEM" })?.env).toMatchObject({
      RCLONE_CA_CERT: "/keys/ca.crt",
      RCLONE_NO_CHECK_CERTIFICATE: "true",
    });
  });

  test.each([
    [{ s3: { endpoint: "http://m", bucket: "b", prefix: "a/../.." } }],
    [{ s3: { endpoint: "http://m", bucket: "b/c", prefix: "a" } }],
    [{ local: { mountPath: "/x" } }],
    [{ b2: { bucket: "b" } }],
  ])("nothing of %j", (backend) => {
    const secret = { B2_ACCOUNT_ID: "a", B2_ACCOUNT_KEY: "b" };
    expect(() => place(backend, secret)).toThrow(/no plain path|cannot be used/);
  });
});

const own = ["config", "data/00/aa", "keys/bb", "snapshots/cc"];

test.each([
  ["all below a prefix", [...own, "notes.txt"], "demo", { kind: "all" }],
  ["nothing where nothing is", [], "demo", { kind: "nothing" }],
  [
    "nothing when another repository lies below",
    [...own, "two/config", "two/keys/x"],
    "demo",
    { kind: "refused", other: "two" },
  ],
  ["its own without a prefix", [...own, "demo/config", "photo.jpg"], "", { kind: "own" }],
  ["nothing of others without a prefix", ["demo/config", "photo.jpg", "database/config"], "", { kind: "nothing" }],
  ["the rest of an interrupted one", ["data/00/aa"], "demo", { kind: "all" }],
])("deletes %s", (_title, there, prefix, wipe) => expect(decideWipe(there, prefix)).toEqual(wipe));
