/** Invariants: what was done in part, is damaged or is not proven never ends with 0; the report says what and why. */
import { globSync } from "node:fs";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { streamNames } from "../../src/nats/streams.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { createStream, openServer, publishMany } from "../support/streams.ts";
import { makeWorkbench, type Workbench } from "./workbench.ts";

/** `narrow` may neither take nor give snapshots of the stream B. */
const config = `
accounts {
  APP {
    jetstream: enabled
    users: [
      { user: all, password: all }
      { user: narrow, password: narrow, permissions: { publish: {
        allow: ">", deny: ["$JS.API.STREAM.SNAPSHOT.B", "$JS.API.STREAM.RESTORE.B"]
      } } }
    ]
  }
}`;
const all = { NATS_USER: "all", NATS_PASSWORD: "all" };
const narrow = { NATS_USER: "narrow", NATS_PASSWORD: "narrow" };

let source: TestServer;
let bench: Workbench;

beforeAll(async () => {
  source = await startNatsServer({ config });
  bench = await makeWorkbench({ NATS_URL: source.url });
  await using opened = await openServer(source.url.replace("//", "//all:all@"));
  for (const name of ["A", "B"]) {
    await createStream(opened.jetstream, name);
    await publishMany(opened.jetstream, name, 500);
  }
  await bench.json("init");
  await bench.cheapen();
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
});

describe("a backup of which one stream failed", () => {
  test("ends with 3, says which, and counts as incomplete", async () => {
    const { exit, stdout, stderr } = await bench.coldstream("backup", { env: narrow });
    expect(stdout).toMatch(/^A .* saved, exact$/m);
    expect(stdout).toMatch(/^B +- +- +- {2}failed: .*may not publish/m);
    expect(stdout).toMatch(/^snapshot [0-9a-f]{8} saved, but incomplete: 1 stream, /m);
    expect(stderr).toMatch(
      /\ncoldstream: 1 stream of 2 could not be saved: B\n {2}the others are in snapshot [0-9a-f]{8}, which counts as incomplete\n$/,
    );
    expect(exit).toBe(3);
    expect(await bench.json("snapshots")).toMatchObject({ snapshots: [] });
    expect(await bench.json("snapshots --all")).toMatchObject({ snapshots: [{ complete: false }] });
    expect((await bench.coldstream("show latest")).exit).toBe(14);
  });

  test("in JSON is the report, with the failure in its place", async () => {
    const { exit, stdout } = await bench.coldstream("backup --json", { env: narrow });
    expect(JSON.parse(stdout)).toMatchObject({
      complete: false,
      streams: [
        { outcome: "saved", stream: "A" },
        { outcome: "failed", stream: "B", failure: { code: "not-permitted" } },
      ],
    });
    expect(exit).toBe(3);
  });

  test("with nothing saved is a failure with its own status", async () => {
    const { exit, stderr } = await bench.coldstream("backup B", { env: narrow });
    expect(stderr).toMatch(/coldstream: backing up B: .*may not publish/);
    expect(exit).toBe(21);
  });
});

describe("a restore of which one stream failed", () => {
  test("ends with 3, and the others are whole", async () => {
    const { snapshot } = (await bench.json("backup --target whole", { env: all })) as { snapshot: string };
    await using target = await startNatsServer({ config });
    const env = { ...narrow, NATS_URL: target.url };
    const { exit, stdout, stderr } = await bench.coldstream(`restore --all --snapshot ${snapshot}`, { env });
    expect(stdout).toMatch(/^A +A +500 .* restored$/m);
    expect(stdout).toMatch(/^B .* failed: /m);
    expect(stderr).toMatch(/coldstream: 1 stream of 2 could not be restored: B\n {2}what was restored is whole/);
    expect(exit).toBe(3);
    const alone = await bench.coldstream(`restore B --snapshot ${snapshot}`, { env });
    expect(alone.stderr).toMatch(/coldstream: restoring B: .*may not publish/);
    expect([alone.exit, alone.stdout]).toEqual([21, ""]);
    await using opened = await openServer(target.url.replace("//", "//all:all@"));
    expect(await streamNames(opened.jetstream)).toEqual(["A"]);
  });
});

describe("a profile", () => {
  test("gives what options and variables do not", async () => {
    const folder = join(bench.folder, "home/.config/coldstream");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "secret"), "correct horse\n");
    const settings = { server: source.url, user: "all", password: "all", repo: bench.repository, target: "profile" };
    const lines = [...Object.entries(settings), ["repo-password-file", "secret"]].map(
      ([name, value]) => `${name}: ${value}`,
    );
    await writeFile(join(folder, "prod.yaml"), lines.join("\n"));
    const unset = { RESTIC_REPOSITORY: "", RESTIC_PASSWORD: "", NATS_URL: "" };
    const report = await bench.json("backup A --profile prod", { env: unset });
    expect(report).toMatchObject({ target: "profile", complete: true });
    const again = await bench.json("snapshots --target profile", { env: { ...unset, COLDSTREAM_PROFILE: "prod" } });
    expect(again).toMatchObject({ snapshots: [{ target: "profile", streams: ["A"] }] });
  });
});

test("a password command that is a file of the working folder works", async () => {
  await writeFile(join(bench.folder, "home/password.sh"), "#!/bin/sh\necho correct horse\n");
  await chmod(join(bench.folder, "home/password.sh"), 0o755);
  const env = { ...all, RESTIC_PASSWORD: "", RESTIC_PASSWORD_COMMAND: "./home/password.sh" };
  expect(await bench.json("backup A --target command", { env })).toMatchObject({ complete: true });
});

describe("a damaged repository", () => {
  test("is found by check and by prove: 5", async () => {
    const sound = (await bench.json("backup A --target damaged", { env: all })) as { shortId: string };
    for (const name of globSync("data/*/*", { cwd: bench.repository })) await flipByte(join(bench.repository, name));
    await rm(join(bench.folder, "home/cache"), { recursive: true });
    const checked = await bench.coldstream("check --read-data-subset 100%");
    expect(checked.stderr).toMatch(/\ncoldstream: the repository is damaged: \d+ problems?\n {2}make a new backup/);
    expect(checked.stdout).toMatch(/^ {2}\S/);
    expect(checked.exit).toBe(5);
    const document = await bench.coldstream("check --read-data-subset 100% --json");
    expect(JSON.parse(document.stdout)).toMatchObject({
      ok: false,
      errors: expect.arrayContaining([expect.any(String)]),
    });
    const proof = await bench.coldstream(`prove ${sound.shortId}`);
    expect(proof.exit).toBe(5);
    expect(proof.stderr).toMatch(/\ncoldstream: /);
  });
});

async function flipByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  const at = Math.floor(bytes.length / 3);
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  await chmod(path, 0o600);
  await writeFile(path, bytes);
}
