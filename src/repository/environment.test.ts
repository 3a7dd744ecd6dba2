import { expect, test } from "vitest";
import { resticEnvironment, secretsOf, usesProxy } from "./environment.ts";

const password = { kind: "text", text: "pw" } as const;
const ours = { TZ: "UTC", LC_ALL: "C.UTF-8", RESTIC_PROGRESS_FPS: "3", RESTIC_REPOSITORY: "/r", RESTIC_PASSWORD: "pw" };

test.each([
  [
    "cloud keys and what every program needs",
    { AWS_ACCESS_KEY_ID: "a", GOOGLE_PROJECT_ID: "g", PATH: "/bin", https_proxy: "p", NO_PROXY: "n" },
  ],
  ["restic's own settings", { RESTIC_COMPRESSION: "max", RESTIC_READ_CONCURRENCY: "4", RESTIC_REST_USERNAME: "u" }],
])("passes on %s", (_title, base) => {
  expect(resticEnvironment({ url: "/r", password }, base)).toEqual({ ...base, ...ours });
});

test.each([
  ["another password", { RESTIC_PASSWORD: "x", RESTIC_PASSWORD_FILE: "f", RESTIC_PASSWORD_COMMAND: "c" }],
  ["another repository", { RESTIC_REPOSITORY: "x", RESTIC_REPOSITORY_FILE: "f", RESTIC_FROM_PASSWORD: "p" }],
  ["a host, which would filter every list", { RESTIC_HOST: "x" }],
  ["another zone and pace", { TZ: "Asia/Tokyo", RESTIC_PROGRESS_FPS: "0.01", LC_ALL: "de_DE" }],
  ["credentials of others", { NATS_PASSWORD: "x", KUBECONFIG: "k", NODE_OPTIONS: "o", SOME_PATH: "x" }],
])("keeps out %s", (_title, base) => {
  expect(resticEnvironment({ url: "/r", password }, base)).toEqual(ours);
});

test("keys given for the backend go before the surrounding ones", () => {
  const env = resticEnvironment(
    { url: "/r", password, env: { AWS_ACCESS_KEY_ID: "new" } },
    { AWS_ACCESS_KEY_ID: "old" },
  );
  expect(env["AWS_ACCESS_KEY_ID"]).toBe("new");
});

test("names of files become absolute", () => {
  const env = resticEnvironment({ url: "/r", password: { kind: "file", path: "pw" } }, { RESTIC_CACERT: "ca.crt" });
  expect(env).toMatchObject({
    RESTIC_PASSWORD_FILE: `${process.cwd()}/pw`,
    RESTIC_CACERT: `${process.cwd()}/ca.crt`,
  });
});

test("tells secrets from names", () => {
  const secrets = {
    RESTIC_PASSWORD: "horse",
    AWS_SECRET_ACCESS_KEY: "s3cr3t",
    ST_KEY: "swift",
    OS_AUTH_TOKEN: "token",
  };
  const names = {
    AWS_ACCESS_KEY_ID: "AKAK",
    RESTIC_PASSWORD_FILE: "/file",
    RESTIC_KEY_HINT: "0011",
    PATH: "/bin",
    B2_ACCOUNT_KEY: "b",
  };
  expect(secretsOf({ ...names, ...secrets }).sort()).toEqual(Object.values(secrets).sort());
});

test.each([
  [{ HTTPS_PROXY: "http://p" }, true, true],
  [{ HTTPS_PROXY: "http://p" }, false, false],
  [{ http_proxy: "http://p" }, false, true],
  [{ HTTPS_PROXY: "" }, true, false],
])("%j: proxy for TLS %s: %s", (env, encrypted, expected) => {
  expect(usesProxy(env as Record<string, string>, encrypted)).toBe(expected);
});
