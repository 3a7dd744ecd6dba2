/**
 * Invariant: a backup killed at any moment leaves no published snapshot or one that proves, and the next backup succeeds;
 * a restore killed at any moment leaves no stream or the whole one, and the next restore brings it back.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deleteStream, streamNames } from "../../src/nats/streams.ts";
import { listSnapshots } from "../../src/vault/catalog.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { makePlace, type Place, running } from "../support/place.ts";
import { compiledOnce } from "../support/programs.ts";
import { problemsOf } from "../support/proof.ts";
import { seededRandom } from "../support/random.ts";
import { createConsumer, createStream, openServer, publishMany, take } from "../support/streams.ts";
import { readWhole, type WholeStream } from "../support/whole-stream.ts";

const isLong = process.env.COLDSTREAM_LONG === "1";
const kills = isLong ? 60 : 6;
const large = isLong ? 60_000 : 30_000;
const rounds = Array.from({ length: kills }, (_, index) => index + 1);
const random = seededRandom("kill");
const names = ["LARGE", "SMALL"] as const;

let source: TestServer;
let target: TestServer;
let place: Place;
let before: Record<string, WholeStream>;
let backupMs: number;
let restoreMs: number;

beforeAll(async () => {
  [source, target, place] = [await startNatsServer(), await startNatsServer(), await makePlace()];
  await using from = await openServer(source.url);
  for (const name of names) {
    await createStream(from.jetstream, name);
    await publishMany(from.jetstream, name, name === "LARGE" ? large : 200, 500);
    await createConsumer(from.jetstream, name, "reader");
    await take(from.jetstream, { stream: name, consumer: "reader", count: 20, isAcknowledged: (at) => at % 2 === 0 });
  }
  before = await readAll(source);
  backupMs = await runAndKill("backup", source.url);
  restoreMs = await runAndKill("restore", target.url);
  expect(await readAll(target)).toEqual(before);
  await clear();
}, 120_000);

afterAll(async () => {
  for (const one of [source, target, place]) await one[Symbol.asyncDispose]();
});

/** Runs a backup or restore in a process of its own; kills it after `afterMs`, alone or with its restic. Milliseconds it ran. */
async function runAndKill(
  what: "backup" | "restore",
  url: string,
  { afterMs, withRestic = false }: { readonly afterMs?: number; readonly withRestic?: boolean } = {},
): Promise<number> {
  const started = performance.now();
  const program = join(import.meta.dirname, "../support/vault-process.ts");
  const env = { ...process.env, ...compiledOnce };
  const args = [program, what, url, place.directory];
  const child = spawn(process.execPath, args, { env, detached: true, stdio: "ignore" });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  if (afterMs === undefined) expect(await ended).toBe(0);
  else {
    await Promise.race([sleep(afterMs), ended]);
    const { pid } = child;
    if (pid !== undefined && child.exitCode === null) process.kill(withRestic ? -pid : pid, "SIGKILL");
    await ended;
  }
  return performance.now() - started;
}

async function readAll({ url }: TestServer): Promise<Record<string, WholeStream>> {
  await using opened = await openServer(url);
  const found: Record<string, WholeStream> = {};
  for (const name of await streamNames(opened.jetstream, {})) found[name] = await readWhole(opened.jetstream, name);
  return found;
}

async function clear(): Promise<void> {
  await using opened = await openServer(target.url);
  for (const name of await streamNames(opened.jetstream, {})) await deleteStream(opened.jetstream, name, {});
}

test.each(rounds)("a backup, kill %d", { timeout: 120_000 }, async () => {
  const known = new Set((await listSnapshots(place.repository, { all: true }, running)).map(({ id }) => id));
  const choice = { afterMs: random.below(Math.ceil(backupMs * 1.05)), withRestic: random.below(2) === 1 };
  await runAndKill("backup", source.url, choice);

  // an orphaned restic ends its call by itself: look at once, and again after the next backup
  await using from = await openServer(source.url);
  const report = await place.backUp(from.jetstream);
  expect(report.complete).toBe(true);
  const published = await listSnapshots(place.repository, { all: true }, running);
  const made = published.filter(({ id }) => !known.has(id));
  expect(made.map(({ id }) => id)).toContain(report.snapshot);
  expect(made.length).toBeLessThanOrEqual(2);
  for (const snapshot of made.filter(({ id }) => id !== report.snapshot)) {
    expect(snapshot.complete, JSON.stringify(choice)).toBe(true);
    expect(await problemsOf(place, snapshot), JSON.stringify(choice)).toEqual([]);
  }
});

test("what killed backups left does not stand in the way of a proof, and unlock frees the repository", async () => {
  const snapshots = await listSnapshots(place.repository, { all: true }, running);
  const newest = snapshots.at(-1);
  expect(newest && (await problemsOf(place, newest))).toEqual([]);
  await place.repository.unlock(running);
  expect(await place.repository.locks(running)).toEqual([]);
  await place.repository.forget(
    snapshots.slice(0, -1).map(({ id }) => id),
    { signal: running.signal, prune: true },
  );
  expect(newest && (await problemsOf(place, newest))).toEqual([]);
});

test.each(rounds)("a restore, kill %d", { timeout: 120_000 }, async () => {
  const choice = { afterMs: random.below(Math.ceil(restoreMs * 1.05)), withRestic: random.below(2) === 1 };
  await runAndKill("restore", target.url, choice);
  const left = await readAll(target);
  for (const [name, stream] of Object.entries(left)) expect(stream, JSON.stringify(choice)).toEqual(before[name]);

  const report = await place.bringBack(target.url, { onConflict: "skip" });
  expect(report.streams.filter(({ outcome }) => outcome === "failed")).toEqual([]);
  expect(await readAll(target), JSON.stringify(choice)).toEqual(before);
  await clear();
});
