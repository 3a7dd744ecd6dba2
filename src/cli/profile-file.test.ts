import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { readProfile } from "./profile-file.ts";

let configFolder: string;
const home = "/home/someone";

beforeAll(async () => {
  configFolder = await mkdtemp(join(tmpdir(), "coldstream-profile-"));
  await mkdir(join(configFolder, "coldstream"));
});
afterAll(() => rm(configFolder, { recursive: true, force: true }));

async function read(text: string) {
  await writeFile(join(configFolder, "coldstream", "p.yaml"), text);
  return await readProfile("p", { configFolder, home });
}

test("settings have the names of the options; paths are beside the profile, ~ is the home folder", async () => {
  const text = [
    "server: tls://nats.example.com",
    "creds: ~/me.creds",
    "tlsca: ca.pem",
    "tlsfirst: true",
    "timeout: 2s",
    "js-domain: hub",
    "repo: ~/backups",
    "repo-password-file: /etc/password",
    "staging: /var/tmp",
    "target: prod",
    "environment: { AWS_ACCESS_KEY_ID: key }",
  ].join("\n");
  expect(await read(text)).toMatchObject({
    nats: {
      server: "tls://nats.example.com",
      creds: { file: "/home/someone/me.creds" },
      tlsca: { file: join(configFolder, "coldstream/ca.pem") },
      tlsfirst: true,
      timeout: 2000,
      jsDomain: "hub",
    },
    repository: { repo: "/home/someone/backups", passwordFile: "/etc/password" },
    staging: "/var/tmp",
    target: "prod",
    environment: { AWS_ACCESS_KEY_ID: "key" },
  });
});

test("an empty profile says nothing", async () => {
  const { nats, repository } = await read("");
  expect(
    Object.values(nats)
      .concat(Object.values(repository))
      .every((value) => value === undefined),
  ).toBe(true);
});

test.each([
  ["an unknown setting is named", "sever: x", /sever/],
  ["a wrong type is named", "tlsfirst: yes please", /tlsfirst/],
  ["what is no mapping is refused", "- a", /p\.yaml/],
  ["what is no YAML is refused", "a: [", /is no YAML/],
  ["a duration without a unit is refused", "timeout: '5'", /timeout/],
])("%s", async (_title, text, message) => {
  const failure = Failure.from(await read(text).catch((error: unknown) => error));
  expect(failure.code).toBe("configuration-invalid");
  expect(failure.message).toMatch(message);
  expect(failure.message).not.toContain("\n");
});

test.each([
  ["absent", "configuration-invalid"],
  ["../p", "usage"],
])("profile %s is refused", async (name, code) => {
  const failure = Failure.from(await readProfile(name, { configFolder, home }).catch((error: unknown) => error));
  expect(failure.code).toBe(code);
});
