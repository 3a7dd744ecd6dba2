import { describe, expect, test } from "vitest";
import type { ConfigMap } from "./core.ts";
import { openStore } from "./store.ts";

function made(name: string, more: Partial<ConfigMap["metadata"]> = {}): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "demo", name, ...more } };
}

function owner(uid: string) {
  return [{ apiVersion: "v1", kind: "Pod", name: "p", uid }];
}

function names(found: readonly ConfigMap[]) {
  return found.map(({ metadata }) => metadata.name);
}

describe("a store", () => {
  test.each([
    ["all", undefined, ["a", "b", "c"]],
    ["those of a namespace", { namespace: "demo" }, ["a", "b"]],
    ["those with labels", { labels: { x: "1", y: "2" } }, ["b"]],
    ["those with both", { namespace: "other", labels: { x: "1" } }, ["c"]],
    ["those that pass a test", (each: ConfigMap) => each.metadata.name !== "a", ["b", "c"]],
  ])("lists %s", (_title, filter, expected) => {
    const store = openStore<ConfigMap>();
    store.set(made("a"));
    store.set(made("b", { labels: { x: "1", y: "2", z: "3" } }));
    store.set(made("c", { namespace: "other", labels: { x: "1" } }));
    expect(names(store.list(filter))).toEqual(expected);
  });
  test("finds what somebody owns, also after changes", () => {
    const store = openStore<ConfigMap>();
    store.set(made("a", { ownerReferences: owner("1") }));
    store.set(made("b", { ownerReferences: [...owner("1"), ...owner("2")] }));
    expect(names(store.ownedBy("1"))).toEqual(["a", "b"]);
    store.set(made("b", { ownerReferences: owner("2") }));
    expect(names(store.ownedBy("1"))).toEqual(["a"]);
    store.delete("demo/a");
    expect(store.ownedBy("1")).toEqual([]);
    expect(names(store.ownedBy("2"))).toEqual(["b"]);
    expect(store.size).toBe(1);
  });
  test("gives objects that nobody can change", () => {
    const store = openStore<ConfigMap>();
    store.set({ ...made("a"), data: { x: "1" } });
    const found = store.get({ namespace: "demo", name: "a" });
    expect(() => Object.assign(found?.data ?? {}, { x: "2" })).toThrow(TypeError);
  });
});
