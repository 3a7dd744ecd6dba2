/**
 * Invariants: Ctrl-C at any moment ends with 130 and leaves no staging folder, no lock, no half stream and no half
 * snapshot; or the work was done already. The next run goes through.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Failure } from "../../src/kit/failures.ts";
import type { JetStream } from "../../src/nats/jetstream.ts";
import { streamInfo, streamNames } from "../../src/nats/streams.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { createStream, openServer, publishMany } from "../support/streams.ts";
import { makeWorkbench, type Run, type RunOptions, type Workbench } from "./workbench.ts";

const messages = 20_000;
/** `npm run test:long` sends the signal at many more moments. */
const isLong = process.env["COLDSTREAM_LONG"] === "1";
const interrupted = "coldstream: interrupted; nothing half-done was left\n";

let source: TestServer;
let saved: Workbench;

beforeAll(async () => {
  source = await startNatsServer();
  await using opened = await openServer(source.url);
  for (const name of ["A", "B"]) {
    await createStream(opened.jetstream, name);
    await publishMany(opened.jetstream, name, messages, 2000);
  }
  saved = await makeWorkbench({ NATS_URL: source.url });
  await saved.json("backup --init");
  await saved.cheapen();
}, 180_000);
afterAll(async () => {
  await saved[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
});

/** Sends the signal so many milliseconds after `text` appeared on standard error. */
function afterText(text: string, ms: number, signal: NodeJS.Signals, whom: "process" | "group"): RunOptions {
  let isSent = false;
  return {
    onStderr(stderr, kill) {
      if (isSent || !stderr.includes(text)) return;
      isSent = true;
      setTimeout(() => {
        try {
          kill(signal, whom);
        } catch {
          // it ended before
        }
      }, ms);
    },
  };
}

function expectInterrupted({ exit, stderr, stdout }: Run): void {
  expect(stderr.slice(-interrupted.length)).toBe(interrupted);
  expect(stderr.match(/coldstream: /g)).toHaveLength(1);
  expect([exit, stdout]).toEqual([130, ""]);
}

type Moment = readonly [signal: NodeJS.Signals, whom: "process" | "group", ms: number];

/** A few moments, or every 150 ms up to `end`; Ctrl-C reaches restic too, a signal to the process does not. */
function moments(few: readonly Moment[], end: number): readonly Moment[] {
  if (!isLong) return few;
  return Array.from({ length: Math.ceil(end / 150) }, (_, at): Moment => {
    return [at % 3 === 2 ? "SIGTERM" : "SIGINT", at % 2 === 0 ? "group" : "process", at * 150];
  });
}

describe("during a backup", () => {
  const whenBackingUp = moments(
    [
      ["SIGINT", "group", 0],
      ["SIGTERM", "process", 700],
      ["SIGINT", "group", 1500],
    ],
    4000,
  );
  test.each(whenBackingUp)("%s to the %s after %i ms", async (signal, whom, ms) => {
    await using bench = await makeWorkbench({ NATS_URL: source.url });
    await bench.json("init");
    await bench.cheapen();
    const run = await bench.coldstream("backup", afterText("saving 2 streams", ms, signal, whom));
    if (run.exit !== 0) expectInterrupted(run);
    expect(await bench.leftovers()).toEqual(["repository"]);
    expect(await bench.json("unlock")).toMatchObject({ removed: [], left: [] });
    const { snapshots } = (await bench.json("snapshots --all")) as { snapshots: unknown[] };
    expect(snapshots).toHaveLength(run.exit === 0 ? 1 : 0);
    if (ms > 0) return;
    expect(await bench.json("backup")).toMatchObject({ complete: true });
    expect(await bench.json("check")).toMatchObject({ ok: true });
  });

  test("a second Ctrl-C ends at once", async () => {
    await using bench = await makeWorkbench({ NATS_URL: source.url });
    await bench.json("init");
    const run = await bench.coldstream("backup", {
      onStderr(stderr, kill) {
        if (!stderr.startsWith("saving") || stderr.includes("coldstream:")) return;
        for (let at = 0; at < 2; at++) {
          try {
            kill("SIGINT", "process");
          } catch {
            // it ended before
          }
        }
      },
    });
    expect(run.exit).toBe(130);
  });
});

describe("during a restore", () => {
  const whenRestoring = moments(
    [
      ["SIGINT", "group", 0],
      ["SIGTERM", "process", 700],
      ["SIGINT", "group", 1300],
    ],
    3000,
  );
  test.each(whenRestoring)("%s to the %s after %i ms", async (signal, whom, ms) => {
    await using target = await startNatsServer();
    const options = afterText("restoring 2 streams", ms, signal, whom);
    const run = await saved.coldstream("restore --all", { ...options, env: { NATS_URL: target.url } });
    if (run.exit !== 0) expectInterrupted(run);
    expect(await saved.leftovers()).toEqual(["repository"]);
    await using opened = await openServer(target.url);
    // what the server had begun it drops by itself, some time after the connection is gone
    await eventually("only whole streams", () => areWhole(opened.jetstream));
    if (run.exit === 0) expect(await streamNames(opened.jetstream)).toHaveLength(2);
    expect(await saved.json("unlock")).toMatchObject({ removed: [], left: [] });
    const again = await saved.json("restore --all --on-conflict skip", { env: { NATS_URL: target.url } });
    expect(again).toMatchObject({ streams: [{}, {}] });
    expect(await streamNames(opened.jetstream)).toHaveLength(2);
    expect(await areWhole(opened.jetstream)).toBe(true);
  });
});

test("during a proof the scratch server and its folder go", async () => {
  const run = await saved.coldstream("prove", afterText("proving snapshot", 1500, "SIGINT", "process"));
  if (run.exit !== 0) expectInterrupted(run);
  expect(await saved.leftovers()).toEqual(["repository"]);
});

/** Whether every stream that there is holds all its messages. */
async function areWhole(jetstream: JetStream): Promise<boolean> {
  for (const name of await streamNames(jetstream)) {
    const { state } = await streamInfo(jetstream, name).catch((error: unknown) => {
      if (Failure.is(error, "stream-not-found")) return { state: { messages: 0n } };
      throw error;
    });
    if (state.messages !== BigInt(messages)) return false;
  }
  return true;
}
