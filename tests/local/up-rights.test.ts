/** The operator of `coldstream up` works as an account of its own, and may what a cluster's operator may: no more, no less. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { openCluster } from "../../src/kube/client.ts";
import type { Cluster } from "../../src/kube/cluster.ts";
import {
  clusterRoleBindings,
  clusterRoles,
  cronJobs,
  namespaces,
  roles,
  secrets,
  serviceAccounts,
} from "../../src/kube/core.ts";
import { readKubeconfig } from "../../src/kube/kubeconfig.ts";
import { resourceOf } from "../../src/kube/resource.ts";
import { operatorRules } from "../../src/operator/rights/operator.ts";
import { hookClusterRoleName } from "../../src/operator/rights/session.ts";
import { appBinding, backupConfiguration, repository, secret } from "../operator/documents.ts";
import { eventually } from "../support/eventually.ts";
import { launchUp, type Up } from "./up.ts";

const options = () => ({ signal: AbortSignal.timeout(20_000) });
const own = { name: "coldstream-operator" };
const rbac = "rbac.authorization.k8s.io";

let home: string;
let up: Up;
let admin: Cluster;
let operator: Cluster;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "coldstream-rights-"));
  await begin();
}, 60_000);
afterAll(async () => {
  await end();
  await rm(home, { recursive: true, force: true });
}, 60_000);

async function begin(): Promise<void> {
  up = launchUp(home);
  await up.ready;
  const settings = readKubeconfig({ path: up.kubeconfig });
  admin = openCluster(settings);
  const path = "/api/v1/namespaces/coldstream/serviceaccounts/coldstream-operator/token";
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
  const Made = z.looseObject({ status: z.looseObject({ token: z.string() }) });
  const { status } = Made.parse(await admin.request({ method: "POST", path, body }, options()));
  operator = openCluster({ server: settings.server, ca: settings.ca ?? "", token: status.token });
}

async function end(): Promise<void> {
  await admin?.[Symbol.asyncDispose]();
  await operator?.[Symbol.asyncDispose]();
  up?.child.kill("SIGTERM");
  await up?.ended;
}

test("has exactly the rules of deploy/", async () => {
  const role = await admin.get(clusterRoles, own, options());
  expect(role?.rules).toEqual(operatorRules({ copiesPullSecrets: false }));
  const { items } = await admin.list(clusterRoleBindings, {}, options());
  const bound = items.filter(({ subjects }) => subjects?.some(({ kind }) => kind === "ServiceAccount"));
  expect(bound.map(({ metadata, roleRef }) => [metadata.name, roleRef.name])).toEqual([[own.name, own.name]]);
});

test.each([
  [true, "get", "", "secrets", "default"],
  [true, "create", "batch", "jobs", "default"],
  [true, "bind", rbac, "clusterroles", ""],
  [false, "list", "", "secrets", "default"],
  [false, "create", "", "secrets", "default"],
  [false, "delete", "", "secrets", "default"],
  [false, "create", "", "pods", "default"],
  [false, "create", "", "serviceaccounts/token", "coldstream"],
  [false, "delete", "", "namespaces", ""],
  [false, "update", rbac, "clusterroles", ""],
  [false, "escalate", rbac, "roles", "default"],
  [false, "create", rbac, "clusterrolebindings", ""],
  [false, "delete", "stash.appscode.com", "repositories", "default"],
  [false, "impersonate", "", "users", ""],
  [false, "*", "*", "*", ""],
])("may (%s) %s %s/%s", async (isAllowed, verb, group, asked, namespace) => {
  const [resource, subresource] = asked.split("/");
  const name = verb === "bind" ? hookClusterRoleName : "";
  const spec = { resourceAttributes: { verb, group, resource, subresource, namespace, name } };
  const Reviewed = z.looseObject({ status: z.looseObject({ allowed: z.boolean() }) });
  const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const body = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec };
  const { status } = Reviewed.parse(await operator.request({ method: "POST", path, body }, options()));
  expect(status.allowed).toBe(isAllowed);
});

test("is refused what its role does not name", async () => {
  const refused = /User "system:serviceaccount:coldstream:coldstream-operator" cannot/;
  await expect(operator.list(secrets, {}, options())).rejects.toThrow(refused);
  await expect(operator.remove(namespaces, { name: "default" }, options())).rejects.toThrow(refused);
  const merge = { rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] };
  await expect(operator.patch(clusterRoles, own, { ...options(), merge })).rejects.toThrow(refused);
  const role = { metadata: { name: "more", namespace: "default" }, ...merge };
  await expect(operator.create(roles, role, options())).rejects.toThrow(/grant RBAC permissions not currently held/);
});

test("works as this account: without a rule it stops there, and has it again after the next start", {
  timeout: 90_000,
}, async () => {
  const namespace = "demo";
  await admin.create(namespaces, { metadata: { name: namespace } }, options());
  const rules = operatorRules({ copiesPullSecrets: false }).filter(
    ({ resources }) => resources?.includes("cronjobs") !== true,
  );
  await admin.patch(clusterRoles, own, { ...options(), merge: { rules } });
  const place = { namespace };
  const documents = [
    secret(place),
    repository(place),
    appBinding(place),
    backupConfiguration(place, { schedule: "0 0 1 1 *" }),
  ];
  for (const document of documents) await create(document);
  const configuration = resourceOf("BackupConfiguration");
  const key = { namespace, name: "sample-nats-backup" };
  const refused = /"system:serviceaccount:coldstream:coldstream-operator" cannot \w+ resource "cronjobs"/;
  await eventually("a refusal", async () => {
    const found = await admin.get(configuration, key, options());
    return found?.status?.conditions?.some(({ message = "" }) => refused.test(message));
  });
  expect((await admin.list(cronJobs, { namespace }, options())).items).toEqual([]);
  await end();
  await begin();
  const made = async () => (await admin.list(cronJobs, { namespace }, options())).items.length;
  await eventually("the CronJob", async () => (await made()) === 1);
  // its token is no good then; it gets an account and a token anew
  await admin.remove(serviceAccounts, { ...own, namespace: "coldstream" }, options());
  await create(backupConfiguration({ namespace, name: "second" }, { schedule: "0 0 1 1 *" }));
  await eventually("the second CronJob", async () => (await made()) === 2);
});

async function create(document: object): Promise<void> {
  const { apiVersion, kind, metadata } = Described.parse(document);
  const plural = `${kind.toLowerCase().replace(/y$/, "ie")}s`;
  const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const path = `${root}/namespaces/${metadata.namespace}/${plural}`;
  await admin.request({ method: "POST", path, body: document }, options());
}

const Described = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ namespace: z.string() }),
});
