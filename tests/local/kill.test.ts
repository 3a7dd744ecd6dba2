/**
 * Whenever the API server is killed, after its restart every acknowledged write is there, what was not acknowledged is there
 * whole or not at all, every object can be read, and no resourceVersion is given a second time.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openCluster } from "../../src/kube/client.ts";
import type { Cluster } from "../../src/kube/cluster.ts";
import { configMaps } from "../../src/kube/core.ts";
import type { ClusterSettings } from "../../src/kube/settings.ts";
import { type Random, seededRandom } from "../support/random.ts";

const isLong = process.env.COLDSTREAM_LONG === "1";
const kills = isLong ? 200 : 10;
const writers = 4;
const namesEach = 12;
const mostLifeMs = 400;

/** What an object may be: undefined is "not there". */
type Value = string | undefined;

interface Ledger {
  /** What was acknowledged last. */
  readonly known: Map<string, Value>;
  /** What was asked for and not answered. */
  readonly asked: Map<string, Value>;
  highest: number;
}

test(`${kills} kills lose nothing that was acknowledged`, { timeout: isLong ? 1_200_000 : 120_000 }, async () => {
  const random = seededRandom("killing the API server");
  const folder = await mkdtemp(join(tmpdir(), "coldstream-kill-"));
  const ledger: Ledger = { known: new Map(), asked: new Map(), highest: 0 };
  try {
    for (let kill = 0; kill < kills; kill++) {
      const server = await serve(folder);
      try {
        await check(server.settings, ledger);
        const dead = sleep(random.below(mostLifeMs)).then(() => server.child.kill("SIGKILL"));
        await Promise.all([dead, writeUntilDead(server, ledger, random)]);
      } finally {
        server.child.kill("SIGKILL");
        await server.ended;
      }
    }
    const last = await serve(folder);
    await check(last.settings, ledger).finally(() => last.child.kill("SIGKILL"));
    await last.ended;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  // it did write
  expect(ledger.highest).toBeGreaterThan(kills * 2);
});

interface Server {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  readonly settings: ClusterSettings;
}

async function serve(folder: string): Promise<Server> {
  const program = join(import.meta.dirname, "../support/api-process.ts");
  const child = spawn(process.execPath, [program, folder, "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const first = once(createInterface(child.stdout), "line");
  const line: unknown = (await Promise.race([first, ended]))[0];
  if (typeof line !== "string") throw new Error(`the server did not start: ${line}`);
  const limits = { retryMs: 0, requestMs: 5000 };
  return { child, ended, settings: { ...(JSON.parse(line) as ClusterSettings), limits } };
}

async function check(settings: ClusterSettings, ledger: Ledger): Promise<void> {
  await using cluster = openCluster(settings);
  const listed = await cluster.list(configMaps, { namespace: "default" }, { signal: AbortSignal.timeout(10_000) });
  expect(listed.refused).toEqual([]);
  expect(Number(listed.resourceVersion)).toBeGreaterThanOrEqual(ledger.highest);
  const found = new Map(listed.items.map(({ metadata, data }) => [metadata.name ?? "", data?.["value"]]));
  found.delete("kube-root-ca.crt");
  for (const name of new Set([...ledger.known.keys(), ...ledger.asked.keys(), ...found.keys()])) {
    const value = found.get(name);
    const allowed = [ledger.known.get(name), ...(ledger.asked.has(name) ? [ledger.asked.get(name)] : [])];
    expect(allowed, name).toContain(value);
    ledger.known.set(name, value);
  }
  ledger.asked.clear();
}

async function writeUntilDead({ settings, ended }: Server, ledger: Ledger, random: Random): Promise<void> {
  await using cluster = openCluster(settings);
  const dead = new AbortController();
  void ended.then(() => dead.abort());
  const each = Array.from({ length: writers }, (_, writer) =>
    write(cluster, { writer, ledger, random, dead: dead.signal }),
  );
  await Promise.all(each);
}

interface Writer {
  readonly writer: number;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly dead: AbortSignal;
}

/** Each writer has names of its own, so that what is there follows from what was answered. */
async function write(cluster: Cluster, { writer, ledger, random, dead }: Writer): Promise<void> {
  while (!dead.aborted) {
    const name = `w${writer}-${random.below(namesEach)}`;
    const isThere = ledger.known.get(name) !== undefined;
    const value = isThere && random.below(4) === 0 ? undefined : newValue(random);
    ledger.asked.set(name, value);
    const version = await writeOnce(cluster, { name, isThere, value, signal: dead }).catch(() => undefined);
    // the server is dead, or dying
    if (version === undefined) return;
    ledger.highest = Math.max(ledger.highest, version);
    ledger.known.set(name, value);
    ledger.asked.delete(name);
  }
}

/** Of many sizes: some fill pages of the store, some are but a part of one. */
function newValue(random: Random): string {
  const filler = "x".repeat(random.below(20) === 0 ? random.below(200_000) : random.below(500));
  return `${random.below(2 ** 31)} ${filler}`;
}

interface Write {
  readonly name: string;
  readonly isThere: boolean;
  readonly value: Value;
  readonly signal: AbortSignal;
}

/** The version that it was answered with; 0 for a deletion. */
async function writeOnce(cluster: Cluster, { name, isThere, value, signal }: Write): Promise<number> {
  const metadata = { namespace: "default", name };
  if (value === undefined) {
    await cluster.remove(configMaps, metadata, { signal });
    return 0;
  }
  const merge = { data: { value } };
  const written = isThere
    ? await cluster.patch(configMaps, metadata, { merge, signal })
    : await cluster.create(configMaps, { metadata, ...merge }, { signal });
  return Number(written?.metadata.resourceVersion);
}
