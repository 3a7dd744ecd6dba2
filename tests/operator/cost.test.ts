import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jobs } from "../../src/kube/core.ts";
import { openRegistry, type Registry } from "../../src/metrics/registry.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { serversOfLongRun } from "./api-servers.ts";
import { type Desk, openDesk } from "./desk.ts";
import { appBinding, backupConfiguration, repository, secret } from "./documents.ts";

const missing = controlPlaneMissing();
const names = Array.from({ length: 10 }, (_, index) => `c${index}`);

type Counts = Readonly<Record<string, number>>;

/** Requests that change or read one object, by verb and resource; how often a watch begins anew is the server's affair. */
function requestsIn(metrics: Registry): Counts {
  const counted = metrics.series().filter(({ name }) => name === "coldstream_api_requests_total");
  const pairs = counted.map(({ labels: { verb, resource }, value }) => [`${verb} ${resource}`, value] as const);
  return Object.fromEntries(pairs.filter(([name]) => !/^(list|watch) /.test(name)));
}

/** Of these resources only: shared ones, events and Secrets depend on how fast it goes. */
function gained(before: Counts, after: Counts, resources: readonly string[]): Counts {
  const wanted = Object.entries(after).filter(([name]) => resources.includes(name.split(" ")[1]?.split("/")[0] ?? ""));
  const more = wanted.map(([name, value]) => [name, value - (before[name] ?? 0)] as const);
  return Object.fromEntries(more.filter(([, value]) => value > 0));
}

describe.skipIf(missing !== undefined).each(serversOfLongRun)("what things cost on $name", ({ start }) => {
  let desk: Desk;
  let namespace: string;
  const metrics = openRegistry();
  beforeAll(async () => {
    desk = await openDesk({}, start);
    namespace = await desk.namespace();
    await desk.startOperator({ metrics });
  }, 120_000);
  afterAll(async () => await desk?.[Symbol.asyncDispose]());

  async function atRest(): Promise<Counts> {
    let last = "";
    return await eventually("rest", async () => {
      const counts = requestsIn(metrics);
      const isSame = last === JSON.stringify(counts);
      last = JSON.stringify(counts);
      if (isSame) return counts;
      await sleep(2500);
      return undefined;
    });
  }

  test("a BackupConfiguration is three requests until it is Ready, its namespace three more, and none after", async () => {
    // two watches: whether an AppBinding is known before what names it would be a matter of time
    const bindings = names.map((name) => appBinding({ namespace, name }));
    await desk.apply(secret({ namespace }), repository({ namespace }), ...bindings);
    const before = await atRest();
    const target = (name: string) => ({
      ref: { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name },
    });
    // no Job of a schedule among those that are counted
    const schedule = "0 0 1 1 *";
    await desk.apply(
      ...names.map((name) => backupConfiguration({ namespace, name }, { schedule, target: target(name) })),
    );
    for (const name of names)
      await desk.until("BackupConfiguration", { namespace, name }, ({ status }) => status?.phase === "Ready");
    const after = await atRest();
    const made = ["serviceaccounts", "roles", "rolebindings", "cronjobs", "backupconfigurations", "appbindings"];
    expect(gained(before, after, made)).toEqual({
      "patch backupconfigurations": names.length,
      "get serviceaccounts": 1,
      "create serviceaccounts": 1,
      "get roles": 1,
      "create roles": 1,
      "get rolebindings": 1,
      "create rolebindings": 1,
      "create cronjobs": names.length,
      "update backupconfigurations/status": names.length,
    });
    const shared = gained(before, after, ["repositories", "secrets"]);
    // Collected and shared: many configurations at once are a few requests, and how many is a matter of time.
    expect(Object.values(shared).reduce((sum, count) => sum + count, 0)).toBeLessThan(names.length);
  }, 120_000);

  test("a first BackupSession is nine requests until its Job runs", async () => {
    const before = await atRest();
    await desk.apply(
      ...names.map((name) => ({
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "BackupSession",
        metadata: { namespace, name: `${name}-run` },
        spec: { invoker: { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name } },
      })),
    );
    await eventually("the Jobs", async () => {
      const found = await desk.list(jobs, namespace);
      return found.length === names.length ? found : undefined;
    });
    const after = await atRest();
    const touched = Object.keys(after).map((name) => name.split(" ")[1]?.split("/")[0] ?? "");
    const { "patch configmaps": podNames, "get jobs": looks = 0, ...others } = gained(before, after, touched);
    // A pod's name is kept in it, sometimes twice: the cache does not know at once that it is.
    expect(podNames).toBeLessThanOrEqual(3 * names.length);
    // A look at the Job itself, where the cache does not have it yet.
    expect(looks).toBeLessThanOrEqual(names.length);
    expect(others).toEqual({
      "get serviceaccounts": names.length,
      "create serviceaccounts": names.length,
      "create roles": names.length,
      "create rolebindings": names.length,
      "create configmaps": names.length,
      "create persistentvolumeclaims": names.length,
      "create jobs": names.length,
      "update backupsessions/status": 2 * names.length,
    });
  }, 120_000);
});
