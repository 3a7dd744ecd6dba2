/**
 * Invariant: after an overwrite was killed at any moment, or the server under it, either the old stream or the new one is
 * whole on the server (its digest), under its own name or that of the copy; the same command again ends with exactly the
 * new one and no copy.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { openReader } from "../../src/nats/messages.ts";
import { deleteStream, listStreams, streamInfo, streamNames } from "../../src/nats/streams.ts";
import { StreamDigest } from "../../src/vault/digest.ts";
import { markOf, mayBeTemporary, readSwap } from "../../src/vault/swap-journal.ts";
import { finishSwaps } from "../../src/vault/swap-leftovers.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { makePlace, type Place, running } from "../support/place.ts";
import { compiledOnce } from "../support/programs.ts";
import { seededRandom } from "../support/random.ts";
import { createConsumer, createStream, deleteMessage, openServer, publishMany, take } from "../support/streams.ts";
import { readWhole, type WholeStream } from "../support/whole-stream.ts";

const kills = process.env.COLDSTREAM_LONG === "1" ? 200 : 6;
const rounds = Array.from({ length: kills }, (_, index) => index + 1);
const random = seededRandom("overwrite-kill");
const name = "ORDERS";

let server: TestServer;
let place: Place;
/** What the snapshot holds. */
let fresh: WholeStream;
/** What is overwritten. */
let old: WholeStream;
let times: { readonly copyMs: number; readonly endMs: number };

beforeAll(async () => {
  [server, place] = [await startNatsServer(), await makePlace()];
  await using opened = await openServer(server.url);
  fresh = await makeStream(opened.jetstream, 20_000);
  await place.backUp(opened.jetstream);
  await reset(opened.jetstream);
  times = await run();
  expect(await readWhole(opened.jetstream, name)).toEqual(fresh);
  await reset(opened.jetstream);
}, 120_000);

afterAll(async () => {
  for (const one of [server, place]) await one[Symbol.asyncDispose]();
});

async function makeStream(jetstream: JetStream, count: number): Promise<WholeStream> {
  await createStream(jetstream, name, { metadata: { owner: "shop" } });
  await publishMany(jetstream, name, count, 500);
  await createConsumer(jetstream, name, "reader");
  await take(jetstream, { stream: name, consumer: "reader", count: 20, isAcknowledged: (at) => at % 2 === 0 });
  await deleteMessage(jetstream, name, 7n);
  return await readWhole(jetstream, name);
}

/** Puts another stream of the same name there. */
async function reset(jetstream: JetStream): Promise<void> {
  await deleteStream(jetstream, name);
  old = await makeStream(jetstream, 5000);
}

interface Kill {
  /** Counted from the start of the run, or from the moment the copy is there: most of a run is before that. */
  readonly from: "start" | "copy";
  readonly afterMs: number;
  readonly what: "the process" | "the process and its restic" | "the server" | "both";
}

/** Runs an overwrite in a process of its own. Milliseconds from its start to the copy, and to its end. */
async function run(kill?: Kill): Promise<{ readonly copyMs: number; readonly endMs: number }> {
  const started = performance.now();
  const program = join(import.meta.dirname, "../support/vault-process.ts");
  const args = [program, "overwrite", server.url, place.directory];
  const env = { ...process.env, ...compiledOnce };
  const child = spawn(process.execPath, args, { env, detached: true, stdio: "ignore" });
  let isEnded = false;
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve)).finally(() => {
    isEnded = true;
  });
  const copied = untilCopied(() => isEnded).then(() => performance.now() - started);
  if (kill === undefined) expect(await ended).toBe(0);
  else {
    const wait = kill.from === "copy" ? copied.then(() => sleep(kill.afterMs)) : sleep(kill.afterMs);
    await Promise.race([wait, ended]);
    await strike(kill.what, child);
    await ended;
  }
  const times = { copyMs: await copied, endMs: performance.now() - started };
  if (server.pid === 0) await server.start();
  return times;
}

async function strike(what: Kill["what"], { pid, exitCode }: ChildProcess): Promise<void> {
  if (what === "the server" || what === "both") await server.stop("SIGKILL");
  if (what === "the server" || pid === undefined || exitCode !== null) return;
  try {
    process.kill(what === "the process" ? pid : -pid, "SIGKILL");
  } catch {
    // it ended by itself
  }
}

async function untilCopied(isOver: () => boolean): Promise<void> {
  await using opened = await openServer(server.url);
  try {
    while (!isOver() && !(await streamNames(opened.jetstream)).some(mayBeTemporary)) await sleep(2);
  } catch {
    // the server was killed
  }
}

/** The digest of a stream's messages up to `last`. */
async function digestUpTo(jetstream: JetStream, stream: string, last: bigint): Promise<string> {
  const info = await streamInfo(jetstream, stream);
  const digest = new StreamDigest();
  await using reader = await openReader(jetstream, info, info.state.first_seq);
  await reader.readThrough(last, (message) => void (message.sequence <= last && digest.add(message)));
  return digest.finish();
}

/** What is there, in words: which of the two is whole, and under which name. */
async function survivors(jetstream: JetStream): Promise<string[]> {
  const found: string[] = [];
  for (const { config, state } of await listStreams(jetstream)) {
    const swap = readSwap(config);
    const last = swap?.last ?? state.last_seq;
    const digest = state.messages === 0n ? "" : await digestUpTo(jetstream, String(config.name), last);
    const which = digest === old.digest ? "old" : digest === fresh.digest ? "new" : "neither";
    const as = swap === undefined ? (markOf(config) === undefined ? "stream" : "marked stream") : `copy, ${swap.step}`;
    found.push(`${which} as ${as}`);
  }
  return found;
}

const seen = new Map<string, number>();

test.each(rounds)("kill %d", { timeout: 120_000 }, async (round) => {
  const what = (["the process", "the process and its restic", "the server", "both"] as const)[random.below(4)];
  const from = random.below(4) === 0 ? "start" : "copy";
  const spanMs = from === "start" ? times.endMs : times.endMs - times.copyMs;
  const afterMs = random.below(Math.ceil(spanMs * 1.05));
  await run({ from, afterMs, what: what ?? "both" });
  const choice = `round ${round}: ${what}, ${afterMs} ms from the ${from}, of ${Math.round(spanMs)}`;

  const left = await (async () => {
    await using opened = await openServer(server.url);
    return await survivors(opened.jetstream);
  })();
  const state = left.toSorted().join(" + ");
  seen.set(state, (seen.get(state) ?? 0) + 1);
  const isWhole = (one: string) => one.startsWith("old") || (one.startsWith("new") && !one.includes("copied"));
  expect(left.filter(isWhole), `${choice}: ${state}`).not.toEqual([]);

  const needed = left.some((one) => one.endsWith("copied")) ? "old as stream" : "new as copy, replacing";
  if (left.length > 1) expect(left, `${choice}: ${state}`).toContain(needed);

  const isFinishedAlone = left.some((one) => one.endsWith("replacing")) && random.below(2) === 0;
  if (isFinishedAlone) {
    await using opened = await openServer(server.url);
    const connectAgain = async () => (await openServer(server.url)).jetstream;
    const finished = await finishSwaps({ jetstream: opened.jetstream, connectAgain }, { streams: [] }, running);
    expect(finished, choice).toMatchObject([{ outcome: "finished" }]);
  } else await run();
  await using opened = await openServer(server.url);
  expect(await streamNames(opened.jetstream), choice).toEqual([name]);
  expect(await readWhole(opened.jetstream, name), choice).toEqual(fresh);
  await reset(opened.jetstream);
});

test("what was met", () => {
  console.log([...seen].map(([state, count]) => `${count} x ${state}`).join("\n"));
});
