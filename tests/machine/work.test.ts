/** What a Job costs in work, which does not depend on how busy the machine is. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jobPods, machineJobs } from "../../src/machine/job/job.ts";
import { eventually } from "../support/eventually.ts";
import { type ControllersPlace, jobSpec, namespace, openControllersPlace } from "./controllers-place.ts";
import { localServer } from "./servers.ts";

const count = 10;
/** 16 when all goes as usual; a status that is written in two goes, or a conflict, is one or two more. */
const mostRequests = 18;

describe("a Job that is gone as soon as it has ended", () => {
  let place: ControllersPlace;
  let folder: string;
  const stack = new AsyncDisposableStack();
  beforeAll(async () => {
    place = stack.use(await openControllersPlace(await localServer()));
    folder = await mkdtemp(join(tmpdir(), "coldstream-work-"));
    stack.defer(async () => await rm(folder, { recursive: true, force: true }));
    stack.use(await place.controllers());
    stack.use(await place.runner({ folder }));
  }, 60_000);
  afterAll(async () => await stack.disposeAsync());

  test("takes few requests, and leaves nothing", { timeout: 60_000 }, async () => {
    const requests = countRequests();
    for (let index = 0; index < count; index++) {
      await place.create(machineJobs, `job-${index}`, jobSpec("true", { ttlSecondsAfterFinished: 0 }));
    }
    await eventually(
      "no Job and no pod",
      async () => {
        const of = { signal: place.signal };
        const jobs = await place.cluster.list(machineJobs, { namespace }, of);
        const pods = await place.cluster.list(jobPods, { namespace }, of);
        return jobs.items.length + pods.items.length === 0;
      },
      { timeoutMs: 40_000 },
    );
    await eventually("no folder", async () => (await readdir(join(folder, "pods"))).length === 0);
    expect(await processesOf(folder)).toEqual([]);
    const all = requests.end();
    expect(all.get("POST pods")).toBe(count);
    expect(all.get("POST pods/binding")).toBe(count);
    // what is known is not asked for
    expect(all.get("GET pods") ?? 0).toBeLessThanOrEqual(count);
    const sum = [...all.values()].reduce((one, other) => one + other, 0);
    expect(sum / count, JSON.stringify([...all])).toBeLessThanOrEqual(mostRequests);
  });
});

/** By verb and kind; lists, watches and what a node says of itself are no Job's. */
function countRequests() {
  const counts = new Map<string, number>();
  const look = (message: unknown) => {
    const { method = "", url = "" } = (message as { readonly request: IncomingMessage }).request;
    const match = /^\/apis?\/.*\/namespaces\/demo\/([^/?]+)\/?[^/?]*(\/[^/?]+)?/.exec(url);
    if (match === null || (method === "GET" && !/\/demo\/[^/?]+\/./.test(url))) return;
    const name = `${method} ${match[1]}${match[2] ?? ""}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  subscribe("http.server.request.start", look);
  return {
    end() {
      unsubscribe("http.server.request.start", look);
      return counts;
    },
  };
}

/** Those whose surroundings name the folder. */
async function processesOf(folder: string): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const texts = await Promise.all(
    pids.map(async (pid) => [pid, await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "")] as const),
  );
  return texts.flatMap(([pid, text]) => (text.includes(folder) ? [pid] : []));
}
