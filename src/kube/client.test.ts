import { describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
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
import type { Cluster } from "./cluster.ts";
import { configMaps, namespaces, pods, secrets } from "./core.ts";
import { KubeFailure } from "./failure.ts";
import type { ClusterSettings } from "./settings.ts";

const key = { namespace: "demo", name: "a" };
const signal = AbortSignal.timeout(60_000);
const map = { metadata: { ...key, uid: "u", resourceVersion: "7" }, data: { a: "1" } };
const busy = json(429, refusal(429, "TooManyRequests"), { "retry-after": "1" });
const missing = json(404, refusal(404, "NotFound", { details: { name: "a" } }));

async function start(steps: readonly Step[], more?: Partial<ClusterSettings>) {
  const api = await startScriptedApi(steps);
  const cluster = openCluster(api.settings(more));
  return {
    api,
    cluster,
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

describe("the requests", () => {
  test.each<[string, (cluster: Cluster) => Promise<unknown>, string, string]>([
    ["get", (c) => c.get(configMaps, key, { signal }), "GET /api/v1/namespaces/demo/configmaps/a", ""],
    ["get of the cluster", (c) => c.get(namespaces, { name: "x" }, { signal }), "GET /api/v1/namespaces/x", ""],
    [
      "create",
      (c) => c.create(configMaps, { metadata: key, data: {} }, { signal }),
      "POST /api/v1/namespaces/demo/configmaps",
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"demo","name":"a"},"data":{}}',
    ],
    [
      "patch",
      (c) => c.patch(configMaps, key, { merge: { data: null }, signal }),
      "PATCH /api/v1/namespaces/demo/configmaps/a",
      '{"data":null}',
    ],
    [
      "patch of the status",
      (c) => c.patch(configMaps, key, { merge: {}, subresource: "status", signal }),
      "PATCH /api/v1/namespaces/demo/configmaps/a/status",
      "{}",
    ],
    [
      "remove",
      (c) => c.remove(configMaps, key, { uid: "u", propagation: "Foreground", signal }),
      "DELETE /api/v1/namespaces/demo/configmaps/a",
      '{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground","preconditions":{"uid":"u"}}',
    ],
    ["anything", (c) => c.request({ method: "POST", path: "/x?y=1", body: 1 }, { signal }), "POST /x", "1"],
  ])("%s", async (_title, call, line, body) => {
    await using world = await start([json(200, map)]);
    await call(world.cluster);
    const [request] = world.api.requests;
    expect(`${request?.method} ${request?.path}`).toBe(line);
    expect(request?.body).toBe(body);
    expect(request?.headers["user-agent"]).toMatch(/^coldstream\/\d/);
  });

  test("use one connection, and the token as it is at the time", async () => {
    let token = "one";
    await using world = await start([json(200, map)], { token: () => token });
    await world.cluster.get(configMaps, key, { signal });
    token = "two";
    await world.cluster.get(configMaps, key, { signal });
    expect(world.api.connections()).toBe(1);
    expect(world.api.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer one", "Bearer two"]);
  });

  test("use no more connections than allowed", async () => {
    await using world = await start([json(200, map)], { limits: { connections: 3 } });
    await Promise.all(Array.from({ length: 50 }, () => world.cluster.get(configMaps, key, { signal })));
    expect(world.api.connections()).toBeLessThanOrEqual(3);
  });

  test("without a namespace or a name are not sent", async () => {
    await using world = await start([json(200, map)]);
    await expect(world.cluster.remove(configMaps, { name: "a" }, { signal })).rejects.toThrow("needs a namespace");
    await expect(world.cluster.remove(configMaps, { namespace: "x", name: "" }, { signal })).rejects.toThrow(
      "needs a name",
    );
    await expect(world.cluster.create(configMaps, { metadata: { name: "a" } }, { signal })).rejects.toThrow(
      "needs a namespace",
    );
    expect(world.api.requests).toEqual([]);
  });
});

describe("what is read", () => {
  test("has kind and apiVersion, and no managedFields", async () => {
    const metadata = { ...map.metadata, managedFields: [{ manager: "kubectl" }] };
    await using world = await start([json(200, { metadata })]);
    const found = await world.cluster.get(configMaps, key, { signal });
    expect(found).toEqual({ apiVersion: "v1", kind: "ConfigMap", metadata: map.metadata });
  });
  test("may have null where nothing is meant", async () => {
    const pod = {
      metadata: { ...key, creationTimestamp: null },
      spec: { containers: [{ name: "a", workingDir: null }] },
    };
    await using world = await start([json(200, pod)]);
    expect((await world.cluster.get(pods, key, { signal }))?.spec.containers).toEqual([{ name: "a" }]);
  });
  test("is refused with the field's name", async () => {
    await using world = await start([json(200, { metadata: key, data: { a: 1 } })]);
    const failure = await failureOf(world.cluster.get(configMaps, key, { signal }));
    expect(failure).toMatchObject({ code: "configuration-invalid" });
    expect(failure.message).toBe("reading ConfigMap demo/a: data.a must be a text, not 1 (put it in quotes)");
  });
  test("is never shown when it is a Secret", async () => {
    await using world = await start([json(200, { metadata: key, data: { a: 4711 } })]);
    const failure = await failureOf(world.cluster.get(secrets, key, { signal }));
    expect(failure.message).toBe("reading Secret demo/a: data.a is wrong");
  });
});

describe("what is not there", () => {
  test.each<[string, (cluster: Cluster) => Promise<unknown>, unknown]>([
    ["get gives nothing", (c) => c.get(configMaps, key, { signal }), undefined],
    ["patch gives nothing", (c) => c.patch(configMaps, key, { merge: {}, signal }), undefined],
    ["remove says so", (c) => c.remove(configMaps, key, { signal }), false],
    ["log gives nothing", (c) => c.log(key, { container: "x", tailLines: 1, signal }), undefined],
  ])("%s", async (_title, call, outcome) => {
    await using world = await start([missing]);
    expect(await call(world.cluster)).toBe(outcome);
    expect(world.api.requests).toHaveLength(1);
  });
  test("remove leaves another incarnation alone", async () => {
    await using world = await start([json(409, refusal(409, "Conflict"))]);
    expect(await world.cluster.remove(configMaps, key, { uid: "old", signal })).toBe(false);
  });
  test("a kind that is not served is a failure, not an absence", async () => {
    await using world = await start([(response) => response.writeHead(404).end("404 page not found\n")]);
    const failure = await failureOf(world.cluster.get(configMaps, key, { signal }));
    expect(KubeFailure.isReason(failure, "NotServed")).toBe(true);
  });
  test("a container that has not begun has no log", async () => {
    await using world = await start([json(400, refusal(400, "BadRequest"))]);
    expect(await world.cluster.log(key, { container: "x", tailLines: 1, signal })).toBeUndefined();
  });
});

describe("a list", () => {
  const page = (names: readonly string[], next?: string): Step =>
    json(200, {
      metadata: { resourceVersion: "9", continue: next },
      items: names.map((name) => ({ metadata: { name } })),
    });

  test("is read page by page", async () => {
    await using world = await start([page(["a"], "2"), page(["b"], "3"), page(["c"])]);
    const where = { namespace: "demo", labelSelector: "a=b" };
    const listed = await world.cluster.list(configMaps, where, { signal });
    expect(listed.items.map(({ metadata }) => metadata.name)).toEqual(["a", "b", "c"]);
    expect(listed.resourceVersion).toBe("9");
    expect(world.api.requests.map(({ query }) => query.toString())).toEqual([
      "labelSelector=a%3Db&limit=500",
      "labelSelector=a%3Db&limit=500&continue=2",
      "labelSelector=a%3Db&limit=500&continue=3",
    ]);
  });
  test("begins again when its pages were dropped, and at last in one page", async () => {
    const gone = json(410, refusal(410, "Expired"));
    await using world = await start([page(["a"], "2"), gone, page(["a"], "2"), gone, page(["a"]), silence]);
    expect((await world.cluster.list(configMaps, {}, { signal })).items).toHaveLength(1);
    await using other = await start([gone, gone, gone, gone, gone, page(["a", "b"])]);
    expect((await other.cluster.list(configMaps, {}, { signal })).items).toHaveLength(2);
    expect(other.api.requests.at(-1)?.query.has("limit")).toBe(false);
  });
  test("names the objects that are refused, and gives the others", async () => {
    const items = [{ metadata: key }, { metadata: { ...key, name: "bad" }, data: { a: 1 } }];
    await using world = await start([json(200, { metadata: { resourceVersion: "9" }, items })]);
    const listed = await world.cluster.list(configMaps, {}, { signal });
    expect(listed.items).toHaveLength(1);
    expect(listed.refused).toEqual([
      { key: { namespace: "demo", name: "bad" }, reason: "data.a must be a text, not 1 (put it in quotes)" },
    ]);
  });
  test("has no items when the server says null", async () => {
    await using world = await start([json(200, { metadata: {}, items: null })]);
    expect((await world.cluster.list(configMaps, {}, { signal })).items).toEqual([]);
  });
});

describe("a request that fails", () => {
  const get = (cluster: Cluster) => cluster.get(configMaps, key, { signal });
  test.each<[string, readonly Step[]]>([
    ["turned away", [busy, json(200, map)]],
    ["not ready", [json(503, {}), json(503, {}), json(200, map)]],
    ["a connection that is closed", [hangUp, hangUp, json(200, map)]],
    ["an answer that is cut", [lines(['{"metadata":'], "cut"), json(200, map)]],
  ])("is sent again: %s", async (_title, steps) => {
    await using world = await start(steps);
    expect((await get(world.cluster))?.data).toEqual({ a: "1" });
    expect(world.api.requests).toHaveLength(steps.length);
  });
  test("is sent again when nobody answers for long", async () => {
    await using world = await start([silence, json(200, map)], { limits: { requestMs: 300 } });
    expect(await get(world.cluster)).toBeDefined();
  });
  test("waits as long as the server says", async () => {
    await using world = await start([busy, json(200, map)]);
    const started = performance.now();
    await world.cluster.create(configMaps, { metadata: key }, { signal });
    expect(performance.now() - started).toBeGreaterThan(950);
  });
  test.each<[string, Step, string]>([
    ["a connection that is closed", hangUp, "Unreachable"],
    ["a server that is not ready", json(503, {}, { "retry-after": "1" }), "ServiceUnavailable"],
  ])("is not sent twice when it makes something: %s", async (_title, step, reason) => {
    await using world = await start([step]);
    const failure = await failureOf(world.cluster.create(configMaps, { metadata: key }, { signal }));
    expect(failure).toMatchObject({ reason });
    expect(failure.message).toContain("making ConfigMap demo/a");
    expect(world.api.requests).toHaveLength(1);
  });
  test("is given up after a while", async () => {
    await using world = await start([busy], { limits: { retryMs: 1_900 } });
    const failure = await failureOf(get(world.cluster));
    expect(failure).toMatchObject({ reason: "TooManyRequests", status: 429 });
    expect(world.api.requests).toHaveLength(2);
  });
  test.each<[string, Step]>([
    ["an answer", silence],
    ["the next try", busy],
    ["the end of an answer", lines(['{"metadata":'])],
  ])("ends with its signal while it waits for %s", async (_title, step) => {
    await using world = await start([step]);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const failure = await failureOf(world.cluster.get(configMaps, key, { signal: stop.signal }));
    expect(failure.code).toBe("interrupted");
  });
  test("says what was the matter when its time is up", async () => {
    await using world = await start([silence]);
    await using other = await start([busy]);
    const [silent, told] = await Promise.all(
      [world, other].map(({ cluster }) =>
        failureOf(cluster.get(configMaps, key, { signal: AbortSignal.timeout(900) })),
      ),
    );
    expect(silent).toMatchObject({ code: "timed-out", message: "reading ConfigMap demo/a: no answer in time" });
    expect(told).toMatchObject({ reason: "TooManyRequests" });
  });
  test.each<[string, Step, string]>([
    ["is no JSON", (response) => response.writeHead(200).end("<html>"), "the answer is no JSON"],
    ["is too large", (response) => response.writeHead(200).end("x".repeat(2_000)), "longer than 1000 bytes"],
  ])("says when the answer %s", async (_title, step, message) => {
    await using world = await start([step], { limits: { answerBytes: 1_000 } });
    expect((await failureOf(get(world.cluster))).message).toContain(message);
  });
  test("never shows the token", async () => {
    await using world = await start([json(401, refusal(401, "Unauthorized"))], { token: "s3cret" });
    const failure = await failureOf(get(world.cluster));
    expect(failure.code).toBe("not-permitted");
    expect(JSON.stringify(failure) + String(failure.stack) + failure.message).not.toContain("s3cret");
  });
});

describe("credentials that ran out", () => {
  test("are asked for once more", async () => {
    let token = "old";
    const renew = () => {
      token = "new";
      return true;
    };
    await using world = await start([json(401, {}), json(200, map)], { token: () => token, renew });
    expect(await world.cluster.get(configMaps, key, { signal })).toBeDefined();
    expect(world.api.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer old", "Bearer new"]);
  });
  test("are not asked for without end", async () => {
    await using world = await start([json(401, {})], { renew: () => true });
    expect((await failureOf(world.cluster.get(configMaps, key, { signal }))).code).toBe("not-permitted");
    expect(world.api.requests).toHaveLength(2);
  });
});
