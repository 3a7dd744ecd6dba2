/**
 * The whole system on this machine, in one command: a throwaway server, `coldstream up`, a schedule that fires while the server
 * is written to, everything deleted, a restore, and a comparison. Exit 0 only when every digest, consumer, key and object is right.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { describe } from "../src/kit/failures.ts";
import { catchInterrupts } from "../src/kit/interrupt.ts";
import { findProgram } from "../src/kit/program.ts";
import { connect as connectOwn } from "../src/nats/connection.ts";
import { openJetStream } from "../src/nats/jetstream.ts";
import { fingerprint } from "../src/vault/live-stream.ts";
import { startScratchServer } from "../src/vault/scratch-server.ts";
import { fill, keepWriting, keyCount, patient, wrongKeys, wrongObjects } from "./quickstart/fill.ts";
import { backupManifests, restoreManifest } from "./quickstart/manifests.ts";
import { openShell, type Shell } from "./quickstart/shell.ts";

const root = join(import.meta.dirname, "..");
/** A slow machine is not a broken one, and what fails ends the wait at once. */
const patience = ["--timeout", "10m"];
const stop = catchInterrupts(process, { endNow: () => process.exit(130) });

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

interface ConsumerPlace {
  readonly stream: string;
  readonly name: string;
  readonly delivered: number;
  readonly floor: number;
  readonly inFlight: number;
}

async function consumers(connection: NatsConnection): Promise<ConsumerPlace[]> {
  const manager = await jetstreamManager(connection, patient);
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
  const manager = await jetstreamManager(connection, patient);
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
  await using server = await startScratchServer(program, home, {
    signal: stop.signal,
    env: { PATH: path },
    open: true,
  });
  const connection = await connect({ servers: server.url });
  try {
    say(`A throwaway nats-server ${connection.info?.version} runs at ${server.url}.`);
    await fill(connection);
    const places = await consumers(connection);
    say(`It holds 3 streams with 6 consumers, a KV bucket of ${keyCount} keys and an object store.`);
    const data = join(home, "data");
    const repository = { RESTIC_REPOSITORY: join(home, "repository"), RESTIC_PASSWORD: crypto.randomUUID() };
    const env = {
      ...{ KUBECONFIG: join(data, "kubeconfig"), ...repository },
      ...{ TMPDIR: home, XDG_CACHE_HOME: join(home, "cache") },
    };
    const shell = openShell({ env, cwd: home, signal: stop.signal });
    const anyPort = ["--listen", "--metrics-address", "--pushgateway-address"].flatMap((flag) => [flag, "127.0.0.1:0"]);
    await using _system = await shell.up(["up", "--data", data, ...anyPort]);
    const manifests = { server: server.url, repository: repository.RESTIC_REPOSITORY };
    await writeFile(
      join(home, "backup.yaml"),
      backupManifests({ ...manifests, password: repository.RESTIC_PASSWORD }),
      { mode: 0o600 },
    );
    await writeFile(join(home, "restore.yaml"), restoreManifest());
    const { saved, updates } = await backUp(shell, connection);
    say(`${saved.length} streams saved while a writer made ${updates} updates to the bucket.`);
    say(`\n${await deleteAll(connection)} streams deleted: the server is empty now.`);
    await shell.coldstream(["apply", "-f", "restore.yaml"]);
    await shell.coldstream(["wait", "restoresession/all-back", "--for", "phase=Succeeded", ...patience]);
    await shell.coldstream(["get", "restoresession"]);
    say("\nCompared with what was saved:");
    const wrong = await compare(server.url, connection, { streams: saved, places, updates });
    if (wrong.length > 0) throw new Error(`not as it was: ${wrong.slice(0, 10).join(", ")}`);
    say(`\nAll is back, in ${((Date.now() - started) / 1000).toFixed(1)} s. Next, with a server of yours:`);
    say("  bin/coldstream try nats://localhost:4222      find, save, store and prove it, in one command");
    say("  bin/coldstream up                             this system, to stay; docs/guides/one-machine.md");
    say("  bin/coldstream help                           all commands");
  } finally {
    await connection.close();
  }
}

/** Until the schedule's first session has ended. */
async function backUp(
  shell: Shell,
  connection: NatsConnection,
): Promise<{ readonly saved: readonly SavedStream[]; readonly updates: number }> {
  await shell.coldstream(["apply", "-f", "backup.yaml"]);
  await shell.coldstream(["wait", "bc/every-minute", "--for", "phase=Ready", ...patience]);
  await shell.coldstream(["get", "backupconfiguration,cronjob"]);
  const session = await sessionOfSchedule(shell);
  const writing = new AbortController();
  const writer = keepWriting(connection, writing.signal);
  // looked at below
  writer.catch(() => undefined);
  let updates = 0;
  try {
    await shell.coldstream(["wait", `backupsession/${session}`, "--for", "phase=Succeeded", ...patience]);
  } finally {
    writing.abort();
    updates = await writer;
  }
  await shell.coldstream(["pause", "every-minute"]);
  await allEnded(shell);
  await shell.coldstream(["get", "backupsession,repository,snapshot"]);
  const shown = JSON.parse(await shell.ask(["show", "latest", "--json"])) as { streams: SavedStream[] };
  return { saved: shown.streams, updates };
}

/** Where a backup takes longer than what was left of its minute, there is a second session, and its snapshot is the latest. */
async function allEnded(shell: Shell): Promise<void> {
  for (;;) {
    // a Job of the schedule that is late makes a session yet
    const all = await objects(shell, "cronjob,job,backupsession");
    if (all.every(isAtRest)) return;
    await sleep(500, undefined, { signal: stop.signal });
  }
}

function isAtRest({ kind, spec, status }: KubeObject): boolean {
  if (kind === "CronJob") return spec?.suspend === true;
  if (kind === "Job") return (status?.conditions ?? []).some(({ type }) => type === "Complete" || type === "Failed");
  return ["Succeeded", "Failed", "Skipped"].includes(status?.phase ?? "");
}

async function objects(shell: Shell, kinds: string): Promise<readonly KubeObject[]> {
  return (JSON.parse(await shell.ask(["get", kinds, "--json"])) as { items: KubeObject[] }).items;
}

/** Counts down to the minute, then waits for the session's name. */
async function sessionOfSchedule(shell: Shell): Promise<string> {
  say("");
  const dueMs = (Math.floor(Date.now() / 60_000) + 1) * 60_000;
  const secondsLeft = () => Math.ceil((dueMs - Date.now()) / 1000);
  for (let isFirst = true, left = secondsLeft(); left > 0; isFirst = false, left = secondsLeft()) {
    const text = `The schedule fires in ${left} s.`;
    if (process.stdout.isTTY) process.stdout.write(`\r${text}  `);
    else if (isFirst || left % 15 === 0) say(text);
    await sleep(1000, undefined, { signal: stop.signal });
  }
  if (process.stdout.isTTY) say("\rThe schedule fires.          ");
  for (const untilMs = Date.now() + 300_000; Date.now() < untilMs; ) {
    const [first] = await objects(shell, "backupsession");
    if (first !== undefined) return first.metadata.name;
    await sleep(500, undefined, { signal: stop.signal });
  }
  throw new Error("the schedule made no BackupSession");
}

interface KubeObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly suspend?: boolean };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly { readonly type: string }[] };
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
