/** Watches of more than a connection takes at once: every event comes once, however late the client reads. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { afterAll, beforeAll, expect, test } from "vitest";
import { configMaps } from "../../src/kube/core.ts";
import { openStage, type Stage } from "./stage.ts";

const signal = AbortSignal.timeout(100_000);
/** So many of them are more than 16 Mi characters, and fewer than the 20 Mi that the server's log keeps. */
const large = "é".repeat(500_000);
const many = 36;

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

async function openWatch(query: string): Promise<IncomingMessage> {
  const { url: server, caPem: ca, adminToken: token } = stage.api;
  const url = `${server}/api/v1/namespaces/default/configmaps?watch=true&${query}`;
  const sent = request(url, { ca, headers: { authorization: `Bearer ${token}` }, agent: false });
  sent.end();
  const [incoming] = (await once(sent, "response")) as [IncomingMessage];
  return incoming;
}

interface Told {
  readonly type: string;
  readonly name: string;
  readonly version: number;
}

/** Until what is wanted has come, or the connection is cut. */
async function eventsOf(incoming: IncomingMessage, isEnough: (told: Told) => boolean): Promise<readonly Told[]> {
  const events: Told[] = [];
  let part = "";
  try {
    for await (const text of incoming.setEncoding("utf8") as AsyncIterable<string>) {
      const lines = `${part}${text}`.split("\n");
      part = lines.pop() ?? "";
      events.push(...lines.map(toldIn));
      if (events.some(isEnough)) return events;
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ECONNRESET")) throw error;
  }
  return events;
}

function toldIn(line: string): Told {
  const { type, object } = JSON.parse(line);
  return { type, name: object.metadata.name, version: Number(object.metadata.resourceVersion) };
}

async function write(name: string, changes: number): Promise<readonly number[]> {
  const versions: number[] = [];
  const key = { namespace: "default", name };
  for (let change = 0; change < changes; change++) {
    const written = await stage.cluster.patch(configMaps, key, { signal, merge: { data: { x: `${change}${large}` } } });
    versions.push(Number(written?.metadata.resourceVersion));
  }
  return versions;
}

async function make(name: string): Promise<number> {
  const made = await stage.cluster.create(configMaps, { metadata: { namespace: "default", name } }, { signal });
  return Number(made.metadata.resourceVersion);
}

test("what was missed comes whole, and what happens meanwhile follows it, each once", async () => {
  const first = await make("one");
  const missed = await write("one", many);
  const incoming = await openWatch(`resourceVersion=${first}&fieldSelector=metadata.name%3Done`);
  // nobody reads yet
  const meanwhile = await write("one", 3);
  const last = meanwhile.at(-1);
  const events = await eventsOf(incoming, ({ version }) => version === last);
  expect(events.map(({ version }) => version)).toEqual([...missed, ...meanwhile]);
});

test("all that is there comes whole", async () => {
  const names = Array.from({ length: many }, (_, index) => `part-${String(index).padStart(2, "0")}`);
  for (const name of names) {
    await make(name);
    await write(name, 1);
  }
  const incoming = await openWatch("");
  const later = await make("part-later");
  const events = await eventsOf(incoming, ({ version }) => version === later);
  expect(events.map(({ name }) => name).filter((name) => name.startsWith("part-"))).toEqual([...names, "part-later"]);
  expect(events.every(({ type }) => type === "ADDED")).toBe(true);
});

test("whoever does not read what happens is cut off, with no hole in what he has got", async () => {
  const from = await make("slow");
  const incoming = await openWatch(`resourceVersion=${from}&fieldSelector=metadata.name%3Dslow`);
  const versions = await write("slow", many + 10);
  const events = await eventsOf(incoming, ({ version }) => version === versions.at(-1));
  expect(events.length).toBeLessThan(versions.length);
  expect(events.map(({ version }) => version)).toEqual(versions.slice(0, events.length));
});
