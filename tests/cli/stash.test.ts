/** Invariant: a repository that Stash filled is listed, shown, restored and proven like any other. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SnapshotEntry } from "../../src/vault/catalog.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { openPlace } from "../support/place.ts";
import { stashBackup } from "../support/stash-repository.ts";
import { createConsumer, createStream, openServer, publishMany } from "../support/streams.ts";
import { readWhole } from "../support/whole-stream.ts";
import { makeWorkbench, type Workbench } from "./workbench.ts";

let source: TestServer;
let target: TestServer;
let bench: Workbench;
let snapshot: SnapshotEntry;

beforeAll(async () => {
  [source, target] = [await startNatsServer(), await startNatsServer()];
  bench = await makeWorkbench({ NATS_URL: source.url });
  await using opened = await openServer(source.url);
  await createStream(opened.jetstream, "ORDERS");
  await publishMany(opened.jetstream, "ORDERS", 2500);
  await createConsumer(opened.jetstream, "ORDERS", "billing");
  snapshot = await stashBackup(openPlace(bench.folder), opened.jetstream, { streams: ["ORDERS", "GONE"] });
});
afterAll(async () => {
  for (const one of [bench, source, target]) await one[Symbol.asyncDispose]();
});

test("snapshots names it by its host, and tells the layout", async () => {
  const { stdout } = await bench.coldstream("snapshots");
  expect(stdout).toMatch(new RegExp(`^${snapshot.shortId}  \\S+Z  stash:host-0  -  `, "m"));
  expect(await bench.json("snapshots --target stash:host-0")).toMatchObject({
    snapshots: [{ id: snapshot.id, target: "stash:host-0", layout: "stash", complete: true, streams: null }],
  });
});

test("show tells what the files beside the archives say, and what is missing", async () => {
  const { stdout, exit } = await bench.coldstream("show");
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^layout: {4}stash$/m);
  expect(stdout).toMatch(/^state: {5}incomplete, 1 stream cannot be read:$/m);
  expect(stdout).toMatch(/^ {2}GONE: it is listed, and its folder is missing$/m);
  expect(stdout).toMatch(/^ORDERS +2,500 +\S+ \S+ +1-2500 +1 +- +- +-$/m);
});

test("restore brings it back, prove restores all of it, and both name what is missing", async () => {
  const restored = await bench.coldstream("restore --all", { env: { NATS_URL: target.url } });
  expect(restored.stdout).toMatch(/^ORDERS +ORDERS +2,500 .* restored$/m);
  expect(restored.stderr).toMatch(/1 stream of 2 could not be restored: GONE/);
  expect(restored.exit).toBe(3);
  await using before = await openServer(source.url);
  await using after = await openServer(target.url);
  expect(await readWhole(after.jetstream, "ORDERS")).toEqual(await readWhole(before.jetstream, "ORDERS"));

  const proven = await bench.coldstream(`prove ${snapshot.shortId}`);
  expect(proven.stdout + proven.stderr).toMatch(/GONE/);
  expect(proven.exit).toBe(5);
});
