import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openCluster } from "../../src/kube/client.ts";
import type { Cluster } from "../../src/kube/cluster.ts";
import { type ConfigMap, configMaps, leases, secrets } from "../../src/kube/core.ts";
import { KubeFailure } from "../../src/kube/failure.ts";
import { follow } from "../../src/kube/follow.ts";
import { lead } from "../../src/kube/leader.ts";
import { type ControlPlane, controlPlaneMissing, startControlPlane } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";

const missing = controlPlaneMissing();
const { signal } = new AbortController();
const namespace = "outage";
const at = (name: string) => ({ namespace, name });

describe.skipIf(missing !== undefined)(
  `an API server that goes away${missing === undefined ? "" : ` (${missing})`}`,
  () => {
    let plane: ControlPlane;
    let cluster: Cluster;
    let stop = new AbortController();
    beforeAll(async () => {
      plane = await startControlPlane({ withoutKinds: true });
      cluster = openCluster(plane.settings);
      await plane.createNamespace(namespace);
    });
    afterEach(() => {
      stop.abort();
      stop = new AbortController();
    });
    afterAll(async () => {
      await cluster?.[Symbol.asyncDispose]();
      await plane?.stop();
    });

    function followed() {
      const changes: string[] = [];
      const found = follow(
        cluster,
        configMaps,
        { namespace, labelSelector: "followed" },
        {
          signal: stop.signal,
          onChange: ({ key, before, after }) =>
            void changes.push(`${key.name} ${before?.data?.["a"] ?? ""}>${after?.data?.["a"] ?? ""}`),
        },
      );
      return { ...found, changes, found };
    }
    const make = (name: string, a: string): Promise<ConfigMap> =>
      cluster.create(configMaps, { metadata: { ...at(name), labels: { followed: "" } }, data: { a } }, { signal });

    test("is followed through a restart, and what changed behind our back is told", async () => {
      await Promise.all(["one", "two", "three"].map((name) => make(name, "1")));
      const { found, changes } = followed();
      await found.ready;
      expect(changes.toSorted()).toEqual(["one >1", "three >1", "two >1"]);
      await plane.stopApiServer();
      await eventually("the drop", async () => found.counts().restarts > 0);
      await plane.restartApiServer();
      // before the watch is back, maybe
      await cluster.patch(configMaps, at("one"), { merge: { data: { a: "2" } }, signal });
      await cluster.remove(configMaps, at("two"), { signal });
      await make("four", "1");
      await eventually("all changes", async () => changes.length === 6);
      expect(changes.slice(3).toSorted()).toEqual(["four >1", "one 1>2", "two 1>"]);
      expect(
        found
          .list()
          .map(({ metadata, data }) => `${metadata.name} ${data?.["a"]}`)
          .toSorted(),
      ).toEqual(["four 1", "one 2", "three 1"]);
      const { lists, watches } = found.counts();
      expect(lists).toBeLessThanOrEqual(2);
      // with a pause between them
      expect(watches).toBeLessThan(20);
    });

    test("no longer knows old versions after a restart, and is listed again", async () => {
      const first = await make("versions", "1");
      for (let index = 0; index < 5; index++) {
        await cluster.create(secrets, { metadata: { namespace, generateName: "noise-" } }, { signal });
      }
      await plane.restartApiServer();
      const options = { signal, resourceVersion: first.metadata.resourceVersion ?? "" };
      const watching = Array.fromAsync(cluster.watch(configMaps, { namespace }, options));
      expect(KubeFailure.isReason(await watching.catch((error: unknown) => error), "Expired")).toBe(true);
    });

    test("is waited for by requests", async () => {
      await plane.stopApiServer();
      const making = make("patient", "1");
      const reading = cluster.get(configMaps, at("absent"), { signal });
      await sleep(500);
      await plane.restartApiServer();
      expect((await making).metadata.uid).toBeDefined();
      expect(await reading).toBeUndefined();
    });

    test("has one leader at a time, also when it comes back", async () => {
      const times = { durationMs: 3_000, renewMs: 2_000, retryMs: 300 };
      const leading = new Map<string, AbortController>();
      let most = 0;
      const now = new Set<string>();
      const contend = (identity: string) => {
        const own = new AbortController();
        leading.set(identity, own);
        return lead(cluster, {
          ...{ lease: at("leader"), identity, times, signal: AbortSignal.any([own.signal, stop.signal]) },
          onLead: async (until) => {
            now.add(identity);
            most = Math.max(most, now.size);
            await sleep(120_000, undefined, { signal: until }).catch(() => undefined);
            now.delete(identity);
          },
        });
      };
      const ended = ["one", "two"].map(contend);
      await eventually("a leader", async () => now.size === 1);
      const [first = ""] = now;
      leading.get(first)?.abort();
      await eventually("the other", async () => now.size === 1 && !now.has(first));
      await plane.stopApiServer();
      await eventually("the end of the term", async () => now.size === 0, { timeoutMs: 10_000 });
      await plane.restartApiServer();
      await eventually("a leader again", async () => now.size === 1);
      expect(most).toBe(1);
      stop.abort();
      await Promise.all(ended);
      expect((await cluster.get(leases, at("leader"), { signal }))?.spec?.holderIdentity).toBe("");
    });
  },
);
