import { expect, test } from "vitest";
import { memoryCluster } from "../../tests/support/memory-cluster.ts";
import { configMaps } from "../kube/core.ts";
import { refusalOf, unreachable } from "../kube/failure.ts";
import { usualTimes } from "../kube/leader.ts";
import { stubborn, usualRefusedMs } from "./stubborn-cluster.ts";

const waiting = { signal: new AbortController().signal };
const key = { namespace: "demo", name: "report" };
const quick = { pauseMs: 1, awayMs: 200, refusedMs: 200 };

/** A server that fails so often first. */
function failing(times: number, failure: Error) {
  let left = times;
  return memoryCluster(() => {
    left -= 1;
    if (left >= 0) throw failure;
  });
}

test.each([
  ["a broken connection", unreachable("reading", "https://server", new Error("socket hang up"))],
  ["500", refusalOf({ action: "reading", status: 500, body: "" })],
  ["403", refusalOf({ action: "reading", status: 403, body: "" })],
  ["429", refusalOf({ action: "reading", status: 429, body: "" })],
])("%s is outlasted by reads and writes", async (_title, failure) => {
  const cluster = stubborn(failing(3, failure), quick);
  await cluster.create(configMaps, { metadata: key, data: { report: "{}" } }, waiting);
  expect((await cluster.get(configMaps, key, waiting))?.data).toEqual({ report: "{}" });
  expect(await cluster.patch(configMaps, key, { ...waiting, merge: { data: { report: "[]" } } })).toBeDefined();
});

test("an answer is an answer", async () => {
  const conflict = refusalOf({ action: "writing", status: 409, body: "" });
  await expect(stubborn(failing(1, conflict), quick).get(configMaps, key, waiting)).rejects.toBe(conflict);
  expect(await stubborn(memoryCluster(), quick).get(configMaps, key, waiting)).toBeUndefined();
});

test("one that stays away is given up", async () => {
  const away = unreachable("reading", "https://server", new Error("ECONNREFUSED"));
  await expect(stubborn(failing(10_000, away), quick).get(configMaps, key, waiting)).rejects.toBe(away);
});

test("a refusal that lasts is believed", async () => {
  const refused = refusalOf({ action: "reading", status: 403, body: "" });
  await expect(stubborn(failing(10_000, refused), quick).get(configMaps, key, waiting)).rejects.toBe(refused);
});

test("once something was allowed, a refusal is believed sooner", async () => {
  const refused = refusalOf({ action: "reading", status: 403, body: "" });
  let calls = 0;
  const server = memoryCluster(() => {
    calls += 1;
    if (calls > 1) throw refused;
  });
  const cluster = stubborn(server, { ...quick, refusedMs: 60_000, settlingMs: 50 });
  await cluster.get(configMaps, key, waiting);
  await expect(cluster.get(configMaps, key, waiting)).rejects.toBe(refused);
  expect(calls).toBeGreaterThan(2);
});

test("a refusal is not believed until another operator can have led, and made what the dead one could not", () => {
  const { durationMs, retryMs } = usualTimes;
  expect(usualRefusedMs).toBeGreaterThanOrEqual(2 * (durationMs + 2 * retryMs));
});
