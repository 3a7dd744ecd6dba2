import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { LogFields } from "../kit/log.ts";
import { NotWritten, notWritten } from "./store-failures.ts";
import { type Disk, storeOver } from "./store-writes.ts";
import { keepWritable } from "./writable.ts";

const place = (name: string) => ({ resource: "secrets", namespace: "demo", name });

/** A disk in memory that fails while it is told to. */
function failing() {
  const state = { failure: undefined as NotWritten | undefined, probes: [] as number[] };
  const answer = () => {
    if (state.failure !== undefined) throw state.failure;
  };
  const probe = (bytes: number) => {
    state.probes.push(bytes);
    answer();
  };
  const disk: Disk = { objects: () => [], changes: () => [], commit: answer, probe, close() {} };
  return { state, store: storeOver(disk, { changes: 100, bytes: 1000 }) };
}

const full = new NotWritten("disk-full", "no space left");

describe("a store whose disk is full", () => {
  test("is as it was before the write, and in trouble until a probe finds room", async () => {
    const { state, store } = failing();
    await store.put(place("a"), () => "{}");
    state.failure = full;
    await expect(store.put(place("b"), () => "12345")).rejects.toBe(full);
    expect(store.list("secrets").map(({ name }) => name)).toEqual(["a"]);
    expect(store.trouble).toBe(full);
    store.probe();
    expect(store.trouble).toBe(full);
    state.failure = undefined;
    // a write that needs less may work before: that says nothing
    await store.put(place("c"), () => "{}");
    expect(store.trouble).toBe(full);
    store.probe();
    expect(store.trouble).toBeUndefined();
    expect(state.probes).toEqual([10, 10]);
  });

  test("is not probed when nothing failed", () => {
    const { state, store } = failing();
    store.probe();
    expect(state.probes).toEqual([]);
  });

  test("says so once, and once that it is over", async () => {
    const { state, store } = failing();
    const [stop, said] = [new AbortController(), [] as string[]];
    const say = (level: string) => (_fields: LogFields, message: string) => said.push(`${level} ${message}`);
    const log = { info: say("info"), warn: say("warn"), error: say("error") };
    state.failure = full;
    for (const name of ["a", "b", "c"]) await store.put(place(name), () => "{}").catch(() => undefined);
    const kept = keepWritable(store, { log, signal: stop.signal, everyMs: 5 });
    await sleep(30);
    state.failure = undefined;
    await sleep(30);
    stop.abort();
    await kept;
    expect(said).toEqual(["error store cannot be written", "info store can be written again"]);
  });
});

test.each([
  ["a full disk", { errcode: 13 }, "disk-full", /free some space/],
  ["no quota", { code: "EDQUOT" }, "disk-full", /free some space/],
  ["no space", { code: "ENOSPC" }, "disk-full", /free some space/],
  ["a file that is read-only", { errcode: 8 + (5 << 8) }, "configuration-invalid", /make the folder writable/],
  ["a file system that is read-only", { code: "EROFS" }, "configuration-invalid", /make the folder writable/],
  ["a disk that fails", { errcode: 10 }, "damaged", /look at the disk/],
  ["a disk that fails otherwise", { code: "EIO" }, "damaged", /look at the disk/],
])("names %s, and what to do", (_title, fields, code, hint) => {
  const failure = notWritten("/no/such/store.db", Object.assign(new Error("it"), fields));
  expect(failure).toMatchObject({ code, hint: expect.stringMatching(hint) });
  expect(failure.message).toMatch(/^writing \/no\/such\/store\.db: /);
});
