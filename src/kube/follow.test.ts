import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  hangUp,
  json,
  lines,
  refusal,
  type Step,
  silence,
  startScriptedApi,
} from "../../tests/support/scripted-api.ts";
import { openCluster } from "./client.ts";
import { type ConfigMap, configMaps } from "./core.ts";
import { type Change, type FollowOptions, follow } from "./follow.ts";
import type { Limits } from "./settings.ts";

const item = (name: string, version: string, more: object = {}) => ({
  metadata: { namespace: "demo", name, uid: `uid-${name}`, resourceVersion: version },
  ...more,
});
const list = (version: string, ...items: readonly object[]): Step =>
  json(200, { metadata: { resourceVersion: version }, items });
const event = (type: string, object: object) => ({ type, object });
const bookmark = (version: string) => event("BOOKMARK", { metadata: { resourceVersion: version } });
const expired = refusal(410, "Expired");
const stay = lines([]);

interface World extends AsyncDisposable {
  readonly changes: string[];
  readonly refused: string[];
  readonly trouble: unknown[];
  readonly requests: () => readonly string[];
  readonly followed: ReturnType<typeof follow<ConfigMap>>;
  readonly until: (isTrue: () => boolean) => Promise<void>;
}

/** `a 1>2` is a change of object a from version 1 to 2. */
function told({ key, before, after }: Change<ConfigMap>): string {
  const [from, to] = [before, after].map((each) => each?.metadata.resourceVersion ?? "");
  return `${key.name} ${from}>${to}`;
}

async function start(
  steps: readonly Step[],
  { limits, ...options }: Partial<FollowOptions<ConfigMap>> & { readonly limits?: Partial<Limits> } = {},
): Promise<World> {
  const api = await startScriptedApi(steps);
  const cluster = openCluster(api.settings({ limits: { retryMs: 0, ...limits } }));
  const stop = new AbortController();
  const [changes, refused, trouble]: [string[], string[], unknown[]] = [[], [], []];
  const followed = follow(
    cluster,
    configMaps,
    {},
    {
      signal: stop.signal,
      onChange: (change) => void changes.push(told(change)),
      onRefused: ({ key, reason }) => void refused.push(`${key.name}: ${reason}`),
      onTrouble: (error) => void trouble.push(error),
      ...options,
    },
  );
  return {
    ...{ changes, refused, trouble, followed },
    requests: () =>
      api.requests.map(({ query }) => (query.has("watch") ? `watch ${query.get("resourceVersion")}` : "list")),
    async until(isTrue) {
      for (let waited = 0; !isTrue(); waited += 10) {
        if (waited > 10_000) throw new Error("waited in vain");
        await sleep(10);
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await followed.stopped;
      await cluster[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

describe("what is followed", () => {
  test("is what the list says, then what the watch says", async () => {
    const events = [
      event("ADDED", item("b", "11")),
      event("MODIFIED", item("a", "12")),
      event("DELETED", item("b", "13")),
    ];
    await using world = await start([list("10", item("a", "3")), lines(events)]);
    await world.followed.ready;
    expect(world.changes[0]).toBe("a >3");
    await world.until(() => world.changes.length === 4);
    expect(world.changes).toEqual(["a >3", "b >11", "a 3>12", "b 11>"]);
    expect(world.followed.list().map(({ metadata }) => metadata.resourceVersion)).toEqual(["12"]);
    expect(world.requests()).toEqual(["list", "watch 10"]);
    expect(world.followed.counts()).toEqual({ lists: 1, watches: 1, restarts: 0, events: 3 });
  });
  test("asks for bookmarks and an end", async () => {
    await using api = await startScriptedApi([list("1"), stay]);
    const cluster = openCluster(api.settings());
    const stop = new AbortController();
    const followed = follow(cluster, configMaps, { namespace: "demo", labelSelector: "a=b" }, { signal: stop.signal });
    await followed.ready;
    while (api.requests.length < 2) await sleep(10);
    const [, watch] = api.requests;
    expect(watch?.path).toBe("/api/v1/namespaces/demo/configmaps");
    expect(Object.fromEntries(watch?.query ?? [])).toMatchObject({ labelSelector: "a=b", allowWatchBookmarks: "true" });
    expect(Number(watch?.query.get("timeoutSeconds"))).toBeGreaterThanOrEqual(300);
    stop.abort();
    await followed.stopped;
  });
  test("may be kept in part", async () => {
    const trim = ({ data: _, ...rest }: ConfigMap) => rest;
    await using world = await start([list("10", item("a", "3", { data: { big: "x" } })), stay], { trim });
    await world.followed.ready;
    expect(world.followed.get({ namespace: "demo", name: "a" })?.data).toBeUndefined();
  });
});

describe("a watch goes on", () => {
  const more = lines([event("ADDED", item("b", "21"))]);
  const first = list("10", item("a", "3"));
  // only where it is waited for: a busy machine is silent too
  const limits = { silenceMs: 400 };
  test.each<[string, readonly Step[], readonly string[], { readonly limits?: Partial<Limits> }?]>([
    [
      "after the server ended it",
      [first, lines([event("ADDED", item("x", "15"))], "close"), more],
      ["watch 10", "watch 15"],
    ],
    ["from the last bookmark", [first, lines([bookmark("19")], "close"), more], ["watch 10", "watch 19"]],
    [
      "after a cut in the middle of a line",
      [first, lines([bookmark("12"), '{"type":"ADD'], "cut"), more],
      ["watch 10", "watch 12"],
    ],
    ["after it was dropped", [first, hangUp, more], ["watch 10", "watch 10"]],
    ["after a 500", [first, json(500, {}), more], ["watch 10", "watch 10"]],
    ["after a 429", [first, json(429, {}, { "retry-after": "1" }), more], ["watch 10", "watch 10"]],
    ["after a silence", [first, lines([bookmark("12")]), more], ["watch 10", "watch 12"], { limits }],
    ["after a server that never answered", [first, silence, more], ["watch 10", "watch 10"], { limits }],
    [
      "after an error within",
      [first, lines([event("ERROR", refusal(500, "InternalError"))]), more],
      ["watch 10", "watch 10"],
    ],
    ["after a line that is no event", [first, lines([bookmark("12"), "{nonsense\n"]), more], ["watch 10", "watch 12"]],
  ])("%s", async (_title, steps, watches, options = {}) => {
    await using world = await start(steps, options);
    await world.until(() => world.followed.get({ namespace: "demo", name: "b" }) !== undefined);
    expect(world.requests().slice(0, 3)).toEqual(["list", ...watches]);
    expect(world.changes.filter((each) => each.startsWith("a"))).toEqual(["a >3"]);
  });
  test("and lists again when the version is gone, telling what was missed", async () => {
    const before = list("10", item("a", "3"), item("b", "4"), item("c", "5"));
    const after = list(
      "30",
      item("a", "3"),
      item("b", "25"),
      { metadata: { ...item("c", "26").metadata, uid: "new" } },
      item("d", "27"),
    );
    const then = lines([event("ADDED", item("e", "31"))]);
    for (const gone of [json(410, expired), lines([event("ERROR", expired)])]) {
      await using world = await start([before, gone, after, then]);
      await world.until(() => world.followed.size === 5);
      expect(world.changes).toEqual(["a >3", "b >4", "c >5", "b 4>25", "c 5>", "c >26", "d >27", "e >31"]);
      expect(world.requests()).toEqual(["list", "watch 10", "list", "watch 30"]);
    }
  });
  test("and notices what was removed meanwhile", async () => {
    await using world = await start([
      list("10", item("a", "3"), item("b", "4")),
      json(410, expired),
      list("30", item("b", "4")),
      stay,
    ]);
    await world.until(() => world.changes.includes("a 3>"));
    expect(world.followed.size).toBe(1);
  });
  test("without haste when the server always hangs up", async () => {
    await using world = await start([list("1"), hangUp]);
    await sleep(1_500);
    expect(world.requests().length).toBeLessThan(7);
    await world.until(() => world.followed.counts().restarts > 1);
    expect(world.trouble[0]).toMatchObject({ reason: "Unreachable" });
  });
});

describe("the first list", () => {
  test("is tried until it works", async () => {
    await using world = await start([
      json(500, {}),
      json(403, refusal(403, "Forbidden")),
      hangUp,
      list("1", item("a", "1")),
      stay,
    ]);
    await world.followed.ready;
    expect(world.followed.size).toBe(1);
    expect(world.trouble).toHaveLength(3);
  });
  test("is not waited for when the signal is aborted", async () => {
    const world = await start([silence]);
    const { ready, stopped } = world.followed;
    await world[Symbol.asyncDispose]();
    await expect(ready).rejects.toMatchObject({ code: "interrupted" });
    await stopped;
  });
});

describe("an object that its schema refuses", () => {
  const bad = (version: string) => item("a", version, { data: 5 });
  const reason = "a: data must be an object, not 5";
  test("is told once and stops nothing", async () => {
    const events = [event("MODIFIED", bad("11")), event("MODIFIED", bad("12")), event("ADDED", item("b", "13"))];
    await using world = await start([list("10", bad("3")), lines(events)]);
    await world.until(() => world.followed.size === 1);
    expect(world.refused).toEqual([reason]);
    expect(world.changes).toEqual(["b >13"]);
  });
  test("is told again after it was right", async () => {
    const events = [event("MODIFIED", item("a", "11")), event("MODIFIED", bad("12")), event("ADDED", item("b", "13"))];
    await using world = await start([list("10", bad("3")), lines(events)]);
    await world.until(() => world.changes.includes("b >13"));
    expect(world.refused).toEqual([reason, reason]);
  });
  test("is kept as it was when it was right, until it is removed", async () => {
    const events = [event("MODIFIED", bad("11")), event("DELETED", bad("12"))];
    await using world = await start([list("10", item("a", "3")), lines(events)]);
    await world.until(() => world.changes.length === 2);
    expect(world.changes).toEqual(["a >3", "a 3>"]);
  });
});

describe("whoever is told", () => {
  test("may throw without harm", async () => {
    const onChange = () => {
      throw new Error("defect");
    };
    await using world = await start([list("10", item("a", "3")), lines([event("ADDED", item("b", "4"))])], {
      onChange,
    });
    await world.until(() => world.followed.size === 2);
    expect(world.trouble).toEqual([new Error("defect"), new Error("defect")]);
  });
  test("hears nothing twice", async () => {
    const events = [event("ADDED", item("a", "3")), event("DELETED", item("x", "4")), event("ADDED", item("b", "5"))];
    await using world = await start([list("10", item("a", "3")), lines(events)]);
    await world.until(() => world.followed.size === 2);
    expect(world.changes).toEqual(["a >3", "b >5"]);
  });
});
