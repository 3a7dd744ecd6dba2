/** A write that fails is undone, and whatever was answered meanwhile must not have rested on it. */
import { beforeEach, expect, test } from "vitest";
import type { JsonObject } from "./json.ts";
import type { ObjectAt, Objects } from "./objects.ts";
import { create } from "./objects-create.ts";
import { remove } from "./objects-delete.ts";
import { patch, replace } from "./objects-update.ts";
import { patcherOf } from "./patcher.ts";
import { servedAt } from "./served.ts";
import { NotWritten } from "./store-failures.ts";
import { storeOver } from "./store-writes.ts";

let isFull: boolean;
let objects: Objects;
beforeEach(async () => {
  isFull = false;
  const commit = () => {
    if (isFull) throw new NotWritten("disk-full", "no space left");
  };
  const disk = { objects: () => [], changes: () => [], commit, probe() {}, close() {} };
  const store = storeOver(disk, { changes: 100, bytes: 1_000_000 });
  let uids = 0;
  const clock = () => new Date("2026-11-21T12:00:00Z");
  objects = { store, clock, suffix: () => "aaaaa", uid: () => `uid-${++uids}`, caPem: "" };
  await create(objects, { ...at("namespaces", "demo"), namespace: "" }, { metadata: { name: "demo" } }, options);
  await create(objects, one, { metadata: { name: "one" } }, options);
  const finalizers = ["example.com/x"];
  await create(objects, held, { metadata: { name: "held", finalizers } }, options);
});

const options = { dryRun: false, fieldValidation: "Strict", warn() {}, subresource: undefined } as const;
const deletion = { dryRun: false, propagation: undefined, graceSeconds: undefined, uid: "", resourceVersion: "" };

function at(plural: string, name: string): ObjectAt {
  const resource = servedAt("", "v1", plural);
  if (resource === undefined) throw new Error(`${plural} are not served`);
  return { resource, namespace: "demo", name };
}

const one = at("configmaps", "one");
const held = at("configmaps", "held");
const change: JsonObject = { data: { a: "1" } };
const patchOf = (body: JsonObject) => patcherOf(one.resource, "application/merge-patch+json", body);

test.each<[string, () => Promise<unknown>]>([
  ["patches", () => patch(objects, one, patchOf(change), options)],
  ["replacements", () => replace(objects, one, { metadata: { name: "one" }, ...change }, options)],
  ["deletions", () => remove(objects, one, deletion)],
  ["deletions of what a finalizer holds", () => remove(objects, held, deletion)],
  ["creations", () => create(objects, one, { metadata: { name: "two" } }, options)],
])("of two equal %s of one turn neither is acknowledged, nor refused for the other's sake", async (_title, write) => {
  isFull = true;
  const failed = { status: "rejected", reason: expect.any(NotWritten) };
  expect(await Promise.allSettled([write(), write()])).toEqual([failed, failed]);
});

test("of two equal patches of one turn one writes", async () => {
  const [first, second] = await Promise.all([
    patch(objects, one, patchOf(change), options),
    patch(objects, one, patchOf(change), options),
  ]);
  expect(first).toMatchObject(change);
  expect(second).toEqual(first);
});
