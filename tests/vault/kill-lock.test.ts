/**
 * Invariant: a backup that is killed together with its restic while that holds a lock stands in no later run's way: nobody
 * has to unlock.
 */
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listSnapshots } from "../../src/vault/catalog.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { makePlace, type Place, running } from "../support/place.ts";
import { compiledOnce } from "../support/programs.ts";
import { problemsOf } from "../support/proof.ts";
import { createStream, openServer, publishMany } from "../support/streams.ts";

let source: TestServer;
let place: Place;

beforeAll(async () => {
  [source, place] = [await startNatsServer(), await makePlace()];
  await using from = await openServer(source.url);
  await createStream(from.jetstream, "SMALL");
  await publishMany(from.jetstream, "SMALL", 200, 500);
}, 60_000);

afterAll(async () => {
  for (const one of [source, place]) await one[Symbol.asyncDispose]();
});

const locks = async (): Promise<string[]> => await readdir(join(place.directory, "repository/locks"));

/** Kills a backup and its restic once that has its lock for the `nth` time; whether the lock was still there. */
async function killAtLock(nth: number): Promise<boolean> {
  const program = join(import.meta.dirname, "../support/vault-process.ts");
  const env = { ...process.env, ...compiledOnce };
  const args = [program, "backup", source.url, place.directory];
  const child = spawn(process.execPath, args, { env, detached: true, stdio: "ignore" });
  const ended = new Promise<"ended">((resolve) => child.once("exit", () => resolve("ended")));
  const seen = new Set<string>();
  while (seen.size < nth && (await Promise.race([ended, sleep(1)])) !== "ended") {
    for (const name of await locks()) if (/^[0-9a-f]{64}$/.test(name)) seen.add(name);
  }
  if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  await ended;
  return (await locks()).length > 0;
}

test.each([
  ["storing", 1],
  ["publishing", 2],
  ["dropping the draft", 3],
])("killed while %s", { timeout: 60_000 }, async (_title, nth) => {
  // a slow machine: it was over before it was killed
  while (!(await killAtLock(nth)));

  await using from = await openServer(source.url);
  expect(await place.backUp(from.jetstream)).toMatchObject({ complete: true, notes: [] });
  const snapshots = await listSnapshots(place.repository, { all: true }, running);
  const newest = snapshots.at(-1);
  expect(newest && (await problemsOf(place, newest))).toEqual([]);
  const older = snapshots.slice(0, -1).map(({ id }) => id);
  await place.repository.forget(older, { signal: running.signal, prune: true });
  expect(await locks()).toEqual([]);
});

test("killed while dropping the draft, before a proof", { timeout: 60_000 }, async () => {
  while (!(await killAtLock(3)));
  const newest = (await listSnapshots(place.repository, { all: true }, running)).at(-1);
  expect(newest && (await problemsOf(place, newest))).toEqual([]);
  expect(await locks()).toEqual([]);
});
