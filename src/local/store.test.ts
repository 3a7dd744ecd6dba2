import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import type { Place } from "./entry.ts";
import { openStore } from "./store.ts";
import type { Store } from "./store-writes.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coldstream-store-"));
  file = join(folder, "store.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const place = (name: string): Place => ({ resource: "secrets", namespace: "demo", name });
const write = (store: Store, name: string, value = "") =>
  store.put(place(name), (version) => JSON.stringify({ value, version }));

test("keeps what was acknowledged, and tells it after a restart", async () => {
  {
    using store = openStore({ file });
    await Promise.all([write(store, "b", "1"), write(store, "a", "1")]);
    await write(store, "b", "2");
    await write(store, "c");
    await store.remove(place("c"), () => "{}");
  }
  using store = openStore({ file });
  expect(store.version).toBe(5);
  expect(store.list("secrets").map(({ key, text }) => [key, text])).toEqual([
    ["demo/a", '{"value":"1","version":2}'],
    ["demo/b", '{"value":"2","version":3}'],
  ]);
  const changes = store.changesSince("secrets", 2) ?? [];
  expect(changes.map(({ type, after, before }) => [type, after.name, before?.version])).toEqual([
    ["MODIFIED", "b", 1],
    ["ADDED", "c", undefined],
    ["DELETED", "c", 4],
  ]);
});

test("gives a list as it was", async () => {
  using store = openStore({ file });
  await write(store, "a");
  await write(store, "b");
  await write(store, "a", "new");
  await store.remove(place("b"), () => "{}");
  await write(store, "c");
  expect(store.listAt("secrets", 2)?.map(({ name, version }) => [name, version])).toEqual([
    ["a", 1],
    ["b", 2],
  ]);
});

test("forgets old changes, on the disk too, but no object", async () => {
  const log = { changes: 10 };
  {
    using store = openStore({ file, log });
    for (let index = 0; index < 40; index++) await write(store, `s${index}`);
    expect(store.changesSince("secrets", 20)).toBeUndefined();
    expect(store.changesSince("secrets", 35)).toHaveLength(5);
  }
  using store = openStore({ file, log });
  expect(store.list("secrets")).toHaveLength(40);
  expect(store.version).toBe(40);
  expect(store.changesSince("secrets", 20)).toBeUndefined();
  expect(store.changesSince("secrets", 35)).toHaveLength(5);
});

test.each<[string, (path: string) => void, string, RegExp]>([
  [
    "of a newer format",
    (path) => new DatabaseSync(path).exec("PRAGMA user_version = 2"),
    "configuration-invalid",
    /format 2/,
  ],
  ["of another program", (path) => new DatabaseSync(path).exec("PRAGMA application_id = 7"), "damaged", /not a store/],
  ["overwritten", (path) => writeFileSync(path, "rubbish ".repeat(2000)), "damaged", /is damaged/],
  [
    "with a damaged page",
    (path) => writeFileSync(path, readFileSync(path).fill(0x5a, 4096, 8192)),
    "damaged",
    /is damaged/,
  ],
])("refuses a file %s and leaves it as it is", async (_title, harm, code, message) => {
  {
    using store = openStore({ file });
    await write(store, "a");
  }
  harm(file);
  const before = readFileSync(file);
  expect(failureOf(() => openStore({ file }))).toEqual([code, expect.stringMatching(message)]);
  expect(readFileSync(file).equals(before)).toBe(true);
});

test("is opened by one process at a time", () => {
  using _store = openStore({ file });
  expect(failureOf(() => openStore({ file }))).toEqual(["configuration-invalid", expect.stringMatching(/in use/)]);
});

function failureOf(call: () => unknown): readonly string[] {
  try {
    call();
  } catch (error) {
    if (Failure.is(error)) return [error.code, error.message];
    throw error;
  }
  throw new Error("it did not fail");
}
