import { once } from "node:events";
import { describe, expect, test } from "vitest";
import {
  configuration,
  executorOf,
  repository,
  restoreSession,
  settings,
} from "../../../tests/support/executor-sample.ts";
import { manifest } from "../../../tests/support/manifests.ts";
import { notCovered } from "../../../tests/support/policy.ts";
import { kinds } from "../../api/kinds.ts";
import { silentLog } from "../../kit/log.ts";
import type { Cluster } from "../../kube/cluster.ts";
import { type PolicyRule, roles } from "../../kube/core.ts";
import type { KubeObject, Resource } from "../../kube/resource.ts";
import { openCaches } from "../caches.ts";
import type { MadeObject } from "../made.ts";
import { buildWipeOut } from "../repository/build.ts";
import { buildTriggerAccount } from "../trigger/accounts.ts";
import { buildTrigger } from "../trigger/trigger.ts";
import { buildFarRights } from "./job.ts";
import { leaderRules, operatorRules } from "./operator.ts";

const held = operatorRules({ copiesPullSecrets: false });

function granted(objects: readonly MadeObject[]): readonly PolicyRule[] {
  return objects
    .filter(({ resource }) => resource.kind === "Role")
    .flatMap(({ draft }) => roles.schema.parse({ apiVersion: "v1", kind: "Role", ...draft }).rules ?? []);
}

const hooks = {
  preBackup: { exec: { command: ["a"] } },
  postBackup: { httpGet: { port: "monitor" } },
  preRestore: { exec: { command: ["a"] } },
};
const ofUser = configuration({ runtimeSettings: { pod: { serviceAccountName: "mine" } } });
const far = manifest("Repository", "settings", "shared");

describe("the operator", () => {
  test.each<[string, readonly MadeObject[]]>([
    ["triggers", buildTriggerAccount("demo")],
    ["a trigger with an account of the user's", buildTrigger(ofUser, { settings })],
    ["a backup whose Repository lies elsewhere", buildFarRights(configuration(), far)],
    ["a restore whose Repository lies elsewhere", buildFarRights(restoreSession(), far)],
    ["a backup", executorOf(configuration({ hooks })).objects],
    ["a restore", executorOf(restoreSession({ hooks })).objects],
    ["a wipe-out", buildWipeOut(repository, { settings, pullSecrets: [] })],
  ])("holds what it grants to %s", (_title, objects) => {
    const rules = granted(objects);
    expect(rules.length).toBeGreaterThan(0);
    expect(notCovered(held, rules)).toEqual([]);
  });
  test.each<[string, readonly MadeObject[]]>([
    ["triggers", [...buildTriggerAccount("demo"), ...buildTrigger(configuration(), { settings })]],
    ["a backup whose Repository lies elsewhere", buildFarRights(configuration(), far)],
    ["a backup", executorOf(configuration({ hooks, interimVolumeTemplate: {} })).objects],
  ])("may read and make the objects of %s", (_title, objects) => {
    const wanted = objects.map(({ resource: { group, plural } }) => ({
      apiGroups: [group],
      resources: [plural],
      verbs: ["get", "create"],
    }));
    expect(notCovered(held, wanted)).toEqual([]);
  });
  test("may follow what it follows", async () => {
    const followed = await resourcesFollowed();
    expect(followed.length).toBeGreaterThan(Object.keys(kinds).length);
    const wanted = followed.map(({ group, plural }) => ({
      ...{ apiGroups: [group], resources: [plural], verbs: ["get", "list", "watch"] },
    }));
    expect(notCovered(held, wanted)).toEqual([]);
  });
  test("reads Secrets by name only, and writes them only to copy those for pulling images", () => {
    const secretVerbs = (rules: readonly PolicyRule[]) =>
      rules.filter(({ resources }) => resources?.includes("secrets")).flatMap(({ verbs }) => verbs);
    expect(secretVerbs(held)).toEqual(["get"]);
    expect(secretVerbs(operatorRules({ copiesPullSecrets: true }))).toEqual(["get", "create", "patch"]);
  });
  test("binds one ClusterRole, escalates nothing, runs no commands, and has no wildcards", () => {
    const all = [...held, ...leaderRules];
    const verbs = all.flatMap((rule) => rule.verbs);
    expect(verbs.filter((verb) => ["escalate", "impersonate", "*", "deletecollection"].includes(verb))).toEqual([]);
    expect(all.filter((rule) => rule.verbs.includes("bind"))).toEqual([
      {
        apiGroups: ["rbac.authorization.k8s.io"],
        resources: ["clusterroles"],
        resourceNames: ["stash-hook"],
        verbs: ["bind"],
      },
    ]);
    const names = all.flatMap(({ resources }) => resources ?? []);
    expect(names.filter((name) => name === "*" || name === "pods/exec" || name === "serviceaccounts/token")).toEqual(
      [],
    );
  });
  test("has one rule for each resource", () => {
    const names = held.map(({ apiGroups, resources }) => `${apiGroups}/${resources}`);
    expect(names.length).toBe(new Set(names).size);
  });
});

/** What the operator's caches ask a server for. */
async function resourcesFollowed(): Promise<readonly Pick<Resource<KubeObject>, "group" | "plural">[]> {
  const asked: Pick<Resource<KubeObject>, "group" | "plural">[] = [];
  const cluster: Partial<Cluster> = {
    async list(resource) {
      asked.push(resource);
      return { items: [], refused: [], resourceVersion: "1" };
    },
    // biome-ignore lint/correctness/useYield: nothing ever changes
    async *watch(_resource, _where, { signal }) {
      if (!signal.aborted) await once(signal, "abort");
    },
  };
  const stop = new AbortController();
  const { ready, stopped } = openCaches(cluster as Cluster, {
    signal: stop.signal,
    log: silentLog,
    onChange: () => undefined,
  });
  await ready;
  stop.abort();
  await stopped;
  return asked;
}
