/**
 * The main job on a throwaway server: fill it, back it up while it is written to, delete everything, restore, compare.
 * Exit 0 only when every digest, consumer, key and object is right.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { describe } from "../src/kit/failures.ts";
import { catchInterrupts } from "../src/kit/interrupt.ts";
import { findProgram } from "../src/kit/program.ts";
import { connect as connectOwn } from "../src/nats/connection.ts";
import { openJetStream } from "../src/nats/jetstream.ts";
import { fingerprint } from "../src/vault/live-stream.ts";
import { startScratchServer } from "../src/vault/scratch-server.ts";
import { fill, keepWriting, keyCount, wrongKeys, wrongObjects } from "./quickstart/fill.ts";

const root = join(import.meta.dirname, "..");
const stop = catchInterrupts(process, { endNow: () => process.exit(130) });

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Runs the command line as a person would and shows what it prints; returns standard output. */
async function coldstream(args: readonly string[], env: Record<string, string>): Promise<string> {
  say(`\n$ coldstream ${args.join(" ")}`);
  const child = spawn(join(root, "bin/coldstream"), args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
    // a process group of its own: Ctrl-C in a terminal reaches it once, from here
    detached: true,
  });
  const interrupt = () => child.kill("SIGINT");
  stop.signal.addEventListener("abort", interrupt);
  let output = "";
  child.stdout.on("data", (bytes: Buffer) => {
    output += bytes.toString("utf8");
    if (!args.includes("--json")) process.stdout.write(bytes);
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  stop.signal.removeEventListener("abort", interrupt);
  stop.signal.throwIfAborted();
  if (status !== 0) throw new Error(`coldstream ${args[0]} ended with exit status ${status}`);
  return output;
}

interface ConsumerPlace {
  readonly stream: string;
  readonly name: string;
  readonly delivered: number;
  readonly floor: number;
  readonly inFlight: number;
}

async function consumers(connection: NatsConnection): Promise<ConsumerPlace[]> {
  const manager = await jetstreamManager(connection);
  const places: ConsumerPlace[] = [];
  for await (const stream of manager.streams.list()) {
    for await (const { name, delivered, ack_floor, num_ack_pending } of manager.consumers.list(stream.config.name)) {
      if (name.startsWith("coldstream-reader-")) continue;
      const inFlight = num_ack_pending;
      places.push({
        stream: stream.config.name,
        name,
        delivered: delivered.stream_seq,
        floor: ack_floor.stream_seq,
        inFlight,
      });
    }
  }
  return places.sort((a, b) => `${a.stream} ${a.name}`.localeCompare(`${b.stream} ${b.name}`));
}

async function deleteAll(connection: NatsConnection): Promise<number> {
  const manager = await jetstreamManager(connection);
  const names: string[] = [];
  for await (const info of manager.streams.list()) names.push(info.config.name);
  for (const name of names) await manager.streams.delete(name);
  return names.length;
}

interface SavedStream {
  readonly stream: string;
  readonly digest: string;
}

/** The lines that are wrong; none when everything is back. */
async function compare(
  url: string,
  connection: NatsConnection,
  saved: {
    readonly streams: readonly SavedStream[];
    readonly places: readonly ConsumerPlace[];
    readonly updates: number;
  },
): Promise<string[]> {
  const wrong: string[] = [];
  await using own = await connectOwn({ servers: [url] }, { signal: stop.signal });
  for (const { stream, digest } of saved.streams) {
    const found = await fingerprint(openJetStream(own, {}), stream, { signal: stop.signal });
    const isSame = found.digest === digest;
    say(`  ${isSame ? "same " : "WRONG"}  ${stream}: ${found.messages} messages, digest ${found.digest.slice(0, 16)}`);
    if (!isSame) wrong.push(`stream ${stream}`);
  }
  const places = await consumers(connection);
  if (JSON.stringify(places) !== JSON.stringify(saved.places)) wrong.push("consumers");
  say(`  ${places.length} consumers, ${places.reduce((sum, one) => sum + one.inFlight, 0)} messages in flight`);
  const keys = await wrongKeys(connection, saved.updates);
  say(`  ${keyCount - keys.length} of ${keyCount} keys, each with a value that it had during the backup`);
  const objects = await wrongObjects(connection);
  say(`  objects in the store "files": ${objects.length === 0 ? "all right" : objects.join(", ")}`);
  return [...wrong, ...keys, ...objects];
}

async function run(home: string): Promise<void> {
  const started = Date.now();
  // what setup fetched comes first, as in bin/coldstream
  const path = [join(root, ".tools/bin"), process.env.PATH].join(delimiter);
  const program = await findProgram("nats-server", path);
  if (program === undefined) throw new Error("nats-server is not there: run npm run setup");
  const env = { PATH: path };
  await using server = await startScratchServer(program, home, { signal: stop.signal, env, open: true });
  const connection = await connect({ servers: server.url });
  try {
    say(`A throwaway nats-server ${connection.info?.version} runs at ${server.url}.`);
    await fill(connection);
    const places = await consumers(connection);
    say(`It holds 3 streams with 6 consumers, a KV bucket of ${keyCount} keys and an object store.`);
    const settings = {
      NATS_URL: server.url,
      RESTIC_REPOSITORY: join(home, "repository"),
      RESTIC_PASSWORD: crypto.randomUUID(),
      TMPDIR: home,
      XDG_CACHE_HOME: join(home, "cache"),
    };
    await coldstream(["init"], settings);
    const writing = new AbortController();
    const writer = keepWriting(connection, writing.signal);
    let output = "";
    let updates = 0;
    try {
      output = await coldstream(["backup", "--json"], settings);
    } finally {
      writing.abort();
      updates = await writer;
    }
    const saved = (JSON.parse(output) as { streams: SavedStream[] }).streams;
    say(`${saved.length} streams saved while a writer made ${updates} updates to the bucket.`);
    await coldstream(["snapshots"], settings);
    say(`\n${await deleteAll(connection)} streams deleted: the server is empty now.`);
    await coldstream(["restore", "--all"], settings);
    say("\nCompared with what was saved:");
    const wrong = await compare(server.url, connection, { streams: saved, places, updates });
    if (wrong.length > 0) throw new Error(`not as it was: ${wrong.slice(0, 10).join(", ")}`);
    say(`\nAll is back, in ${((Date.now() - started) / 1000).toFixed(1)} s. Next, with a server of yours:`);
    say("  bin/coldstream try nats://localhost:4222      find, save, store and prove it, in one command");
    say("  bin/coldstream help                           all commands");
  } finally {
    await connection.close();
  }
}

const home = await mkdtemp(join(tmpdir(), "coldstream-quickstart-"));
try {
  await run(home);
} catch (error) {
  process.exitCode = stop.signal.aborted ? 130 : 1;
  process.stderr.write(
    `\nquickstart: ${stop.signal.aborted ? "interrupted; nothing was left behind" : describe(error)}\n`,
  );
} finally {
  await rm(home, { recursive: true, force: true });
}
