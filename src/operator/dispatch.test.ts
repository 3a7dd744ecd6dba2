import { describe, expect, test } from "vitest";
import { resourceOf } from "../kube/resource.ts";
import { openStore } from "../kube/store.ts";
import type { Caches, Controller } from "./controller.ts";
import { openDispatch } from "./dispatch.ts";

function repository(name: string) {
  return resourceOf("Repository").schema.parse({
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { namespace: "demo", name },
  });
}

function setUp(controller: Partial<Controller> = {}) {
  const store = openStore<ReturnType<typeof repository>>();
  for (const name of ["one", "two"]) store.set(repository(name));
  const caches = { repositories: store } as unknown as Caches;
  const enqueued: string[] = [];
  const whole: Controller = { kind: "Repository", watches: {}, reconcile: async () => undefined, ...controller };
  const enqueue = (kind: string, { name }: { readonly name: string }, afterMs = 0) =>
    void enqueued.push(`${kind} ${name} ${afterMs}`);
  return { dispatch: openDispatch([whole], { caches, enqueue }), enqueued };
}

describe("the dispatch", () => {
  const change = { key: { namespace: "demo", name: "one" }, after: repository("one") };

  test("enqueues nothing before the caches are complete", () => {
    const { dispatch, enqueued } = setUp();
    dispatch.take("repositories", change);
    expect(enqueued).toEqual([]);
  });
  test("begins with all there is, spread over a time", () => {
    const { dispatch, enqueued } = setUp();
    dispatch.begin({ spreadMs: 1000 });
    expect(enqueued).toEqual(["Repository one 0", "Repository two 500"]);
  });
  test.each<[string, Partial<Controller>, "repositories" | "namespaces", readonly string[]]>([
    ["its own kind", {}, "repositories", ["Repository one 0"]],
    ["its own kind at once", { settleMs: 500 }, "repositories", ["Repository one 0"]],
    ["its own kind, when it is no concern", { concerns: () => false }, "repositories", []],
    ["another kind", {}, "namespaces", []],
    [
      "another kind that it watches",
      { watches: { namespaces: () => [{ namespace: "demo", name: "two" }] } },
      "namespaces",
      ["Repository two 0"],
    ],
    [
      "another kind that it watches, collected",
      { settleMs: 500, watches: { namespaces: () => [{ namespace: "demo", name: "two" }] } },
      "namespaces",
      ["Repository two 500"],
    ],
  ])("tells a controller of %s", (_title, controller, name, expected) => {
    const { dispatch, enqueued } = setUp(controller);
    dispatch.begin({ spreadMs: 0 });
    enqueued.length = 0;
    dispatch.take(name, change);
    expect(enqueued).toEqual(expected);
  });
});
