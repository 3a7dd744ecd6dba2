/** Invariants: one command shows everything on a person's own server; what exists is used or left alone, never overwritten. */
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { findProgram } from "../support/programs.ts";
import { createStream, openServer, publishMany } from "../support/streams.ts";
import { makeWorkbench } from "./workbench.ts";

let server: TestServer;
const unset = { RESTIC_REPOSITORY: "", RESTIC_PASSWORD: "" };

beforeAll(async () => {
  server = await startNatsServer();
  await using opened = await openServer(server.url);
  await createStream(opened.jetstream, "ORDERS");
  await createStream(opened.jetstream, "KV_settings", { subjects: ["$KV.settings.>"], max_msgs_per_subject: 1n });
  await createStream(opened.jetstream, "OBJ_files", { subjects: ["$O.files.>"] });
  await publishMany(opened.jetstream, "ORDERS", 1000);
});
afterAll(() => server[Symbol.asyncDispose]());

test("finds, saves, stores, proves, and says what to type next; again it uses the same repository", async () => {
  await using bench = await makeWorkbench();
  const first = await bench.coldstream(`try ${server.url}`, { env: unset });
  expect(first.stderr).not.toContain("coldstream:");
  expect(first.exit).toBe(0);
  expect(first.stdout).toContain("1 stream, 1 key-value bucket, 1 object store with 1,000 messages");
  expect(first.stdout).toMatch(/^the repository .*\/coldstream-repo now holds \d/m);
  expect(first.stdout).toMatch(/^snapshot [0-9a-f]{8} proven: 3 streams, 1,000 messages/m);
  expect(first.stdout).toContain("keep ./coldstream-repo.password safe: without it the backup cannot be read");
  const passwordFile = join(bench.folder, "coldstream-repo.password");
  expect((await stat(passwordFile)).mode & 0o777).toBe(0o600);
  const password = await readFile(passwordFile, "utf8");

  // what it says to type next works as it stands
  const exports = [...first.stdout.matchAll(/^ {2}export (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]);
  const env = { ...unset, ...Object.fromEntries(exports) };
  const next = [...first.stdout.matchAll(/^ {2}coldstream (.*?)(?: {2,}.*)?$/gm)].map(([, line]) => line ?? "");
  expect(next).toHaveLength(3);
  for (const line of next) {
    const { exit } = await bench.coldstream(line, { env });
    // all its streams are there already: a restore beside them is refused
    expect({ line, exit }).toEqual({ line, exit: line.startsWith("restore") ? 4 : 0 });
  }

  const again = await bench.coldstream(`try ${server.url} --json`, { env: unset });
  expect(again.exit).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({
    found: [{ kind: "key-value bucket" }, { kind: "object store" }, { stream: "ORDERS", kind: "stream" }],
    passwordFile: "./coldstream-repo.password",
    backup: { complete: true, repositoryCreated: false },
    proof: { proven: true },
  });
  expect(await readFile(passwordFile, "utf8")).toBe(password);
  expect((await bench.leftovers()).sort()).toEqual(["coldstream-repo", "coldstream-repo.password"]);
});

test("a repository and password of one's own are used, and no password file is made", async () => {
  await using bench = await makeWorkbench();
  const { exit, stdout } = await bench.coldstream(`try ${server.url} --repo mine`);
  expect(exit).toBe(0);
  expect(stdout).not.toContain("password");
  expect(await bench.leftovers()).toEqual(["mine"]);
});

test("without a nats-server on this machine the copy is saved, and the status says it is not proven", async () => {
  await using bench = await makeWorkbench();
  const folder = join(bench.folder, "home/bin");
  await mkdir(folder);
  await symlink(findProgram("restic") ?? "", join(folder, "restic"));
  const { exit, stdout, stderr } = await bench.coldstream(`try ${server.url}`, { env: unset, path: folder });
  expect(stdout).toContain("coldstream prove ");
  expect(stderr).toMatch(
    /^coldstream: snapshot [0-9a-f]{8} is saved, but was not proven: nats-server was not found on the PATH/m,
  );
  expect(exit).toBe(15);
});

test.each([
  [
    "a folder of other things",
    async (path: string) => {
      await mkdir(path);
      await writeFile(join(path, "thesis.txt"), "years of work");
    },
    4,
  ],
  ["a file", async (path: string) => await writeFile(path, "years of work"), 4],
])("%s is left alone", async (_title, make, status) => {
  await using bench = await makeWorkbench();
  await make(join(bench.folder, "coldstream-repo"));
  const { exit, stdout, stderr } = await bench.coldstream(`try ${server.url}`, { env: unset });
  expect(stderr).toMatch(
    /^coldstream: .*coldstream-repo.*\n {2}nothing was touched; name another folder with --repo\n$/,
  );
  expect([exit, stdout]).toEqual([status, ""]);
  expect(await bench.leftovers()).toEqual(["coldstream-repo"]);
});

test("a server that is away leaves no trace", async () => {
  await using bench = await makeWorkbench();
  const { exit } = await bench.coldstream("try nats://127.0.0.1:1", { env: unset });
  expect(exit).toBe(20);
  expect(await readdir(bench.folder)).toEqual(
    expect.not.arrayContaining(["coldstream-repo", "coldstream-repo.password"]),
  );
});

test("a server without streams leaves no trace", async () => {
  await using empty = await startNatsServer();
  await using bench = await makeWorkbench();
  const { exit, stderr } = await bench.coldstream(`try ${empty.url}`, { env: unset });
  expect(stderr).toMatch(/^coldstream: there are no streams at 127\.0\.0\.1:\d+\n {2}\S/);
  expect(exit).toBe(14);
  expect(await bench.leftovers()).toEqual([]);
});
