/** Nobody grants what he does not hold: what a real API server refuses of roles and bindings, and in which words, ours does. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { openCluster } from "../../src/kube/client.ts";
import type { Cluster } from "../../src/kube/cluster.ts";
import { KubeFailure } from "../../src/kube/failure.ts";
import { operatorRules } from "../../src/operator/rights/operator.ts";
import { type ControlPlane, controlPlaneMissing, startControlPlane } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { startLocalPlane } from "../support/local-plane.ts";

const rbac = "rbac.authorization.k8s.io";
const namespace = "demo";
const inNamespace = `/apis/${rbac}/v1/namespaces/${namespace}`;
const everywhere = `/apis/${rbac}/v1`;
const reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const account = "grantor";
const Review = z.object({ status: z.object({ allowed: z.boolean() }) });
const signal = () => AbortSignal.timeout(20_000);

type Step = readonly [title: string, method: "POST" | "PUT" | "PATCH", path: string, body: object];

const role = (name: string, ...rules: readonly object[]) => ({ metadata: { name }, rules });
const rule = (apiGroups: readonly string[], resources: readonly string[], verbs: readonly string[], more = {}) => ({
  ...{ apiGroups, resources, verbs },
  ...more,
});
const binding = (name: string, kind: "Role" | "ClusterRole", to: string) => ({
  metadata: { name },
  roleRef: { apiGroup: rbac, kind, name: to },
  subjects: [{ kind: "ServiceAccount", name: "default", namespace }],
});

/** Of the one who asks: besides that he may write roles and bindings everywhere. */
const held = [
  rule([rbac], ["roles", "rolebindings", "clusterroles", "clusterrolebindings"], ["create", "update", "patch", "get"]),
  rule(["batch"], ["jobs"], ["get", "create"]),
  rule([""], ["secrets"], ["get"], { resourceNames: ["one", "two"] }),
  rule(["apps"], ["*/status"], ["*"]),
  rule([rbac], ["clusterroles"], ["bind"], { resourceNames: ["bindable"] }),
  rule([rbac], ["roles"], ["escalate"], { resourceNames: ["free"] }),
  { nonResourceURLs: ["/metrics", "/logs/*"], verbs: ["get"] },
];

const steps: readonly Step[] = [
  ["what he holds", "POST", `${inNamespace}/roles`, role("own", rule(["batch"], ["jobs"], ["get"]))],
  ["nothing", "POST", `${inNamespace}/roles`, role("nothing")],
  ["another verb", "POST", `${inNamespace}/roles`, role("verb", rule(["batch"], ["jobs"], ["get", "list", "delete"]))],
  ["all verbs", "POST", `${inNamespace}/roles`, role("verbs", rule(["batch"], ["jobs"], ["*"]))],
  ["another group", "POST", `${inNamespace}/roles`, role("group", rule([""], ["jobs"], ["get"]))],
  ["a subresource", "POST", `${inNamespace}/roles`, role("part", rule(["batch"], ["jobs/status"], ["get"]))],
  [
    "a subresource of all",
    "POST",
    `${inNamespace}/roles`,
    role("parts", rule(["apps"], ["deployments/status"], ["get"])),
  ],
  [
    "one name of two",
    "POST",
    `${inNamespace}/roles`,
    role("name", rule([""], ["secrets"], ["get"], { resourceNames: ["one"] })),
  ],
  [
    "another name",
    "POST",
    `${inNamespace}/roles`,
    role("names", rule([""], ["secrets"], ["get"], { resourceNames: ["one", "x"] })),
  ],
  ["all names", "POST", `${inNamespace}/roles`, role("all-names", rule([""], ["secrets"], ["get"]))],
  [
    "much at once",
    "POST",
    `${inNamespace}/roles`,
    role("much", rule(["", "batch"], ["pods", "jobs"], ["get", "list"]), rule(["apps"], ["deployments"], ["get"])),
  ],
  [
    "paths",
    "POST",
    `${everywhere}/clusterroles`,
    role("paths", { nonResourceURLs: ["/metrics", "/logs/a", "/other"], verbs: ["get", "post"] }),
  ],
  ["all of the cluster", "POST", `${everywhere}/clusterroles`, role("all", rule(["*"], ["*"], ["*"]))],
  ["more by PUT", "PUT", `${inNamespace}/roles/own`, role("own", rule(["batch"], ["jobs"], ["get", "delete"]))],
  ["more by PATCH", "PATCH", `${inNamespace}/roles/own`, { rules: [rule(["batch"], ["jobs"], ["delete"])] }],
  ["as much by PATCH", "PATCH", `${inNamespace}/roles/own`, { rules: [rule(["batch"], ["jobs"], ["create"])] }],
  ["a label of what others made", "PATCH", `${inNamespace}/roles/wide`, { metadata: { labels: { a: "b" } } }],
  ["a new one by PUT", "PUT", `${inNamespace}/roles/new`, role("new", rule(["batch"], ["jobs"], ["delete"]))],
  ["what he may escalate, by POST", "POST", `${inNamespace}/roles`, role("free", rule([""], ["pods"], ["get"]))],
  ["what he may escalate, by PUT", "PUT", `${inNamespace}/roles/free`, role("free", rule([""], ["pods"], ["get"]))],
  ["a binding to his own", "POST", `${inNamespace}/rolebindings`, binding("own", "Role", "own")],
  ["a binding to more", "POST", `${inNamespace}/rolebindings`, binding("more", "Role", "wide")],
  ["a binding to none", "POST", `${inNamespace}/rolebindings`, binding("none", "Role", "absent")],
  ["a binding to a cluster's", "POST", `${inNamespace}/rolebindings`, binding("admin", "ClusterRole", "cluster-admin")],
  ["what he may bind", "POST", `${inNamespace}/rolebindings`, binding("bound", "ClusterRole", "bindable")],
  [
    "what he may bind, everywhere",
    "POST",
    `${everywhere}/clusterrolebindings`,
    binding("bound", "ClusterRole", "bindable"),
  ],
  ["a question", "POST", reviews, { spec: { nonResourceAttributes: { verb: "get", path: "/" } } }],
  ["the cluster", "POST", `${everywhere}/clusterrolebindings`, binding("root", "ClusterRole", "cluster-admin")],
];

describe.skipIf(controlPlaneMissing() !== undefined)("grants", () => {
  const planes: ControlPlane[] = [];
  const askers: Cluster[] = [];
  beforeAll(async () => {
    planes.push(
      await startControlPlane({ withoutControllers: true }),
      await startLocalPlane({ withoutControllers: true }),
    );
    for (const plane of planes) askers.push(await asker(plane));
  }, 120_000);
  afterAll(async () => {
    for (const each of askers) await each[Symbol.asyncDispose]();
    for (const plane of planes) await plane.stop();
  });

  test.each(steps)("%s", async (_title, method, path, body) => {
    const answers = await Promise.all(askers.map((each) => answer(each, { method, path, body })));
    expect(answers[1]).toBe(answers[0]);
  });

  test("what the operator may is more than one who holds less may grant", async () => {
    const rules = operatorRules({ copiesPullSecrets: false });
    const answers = await Promise.all(
      askers.map((each) =>
        answer(each, { method: "POST", path: `${inNamespace}/roles`, body: role("session", ...rules) }),
      ),
    );
    expect(answers[0]).toContain("not currently held");
    expect(answers[1]).toBe(answers[0]);
  });
});

async function asker(plane: ControlPlane): Promise<Cluster> {
  const post = async (path: string, body: object) => await plane.request({ method: "POST", path, body });
  await post("/api/v1/namespaces", { metadata: { name: namespace } });
  await post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: account } });
  await post(`${everywhere}/clusterroles`, role(account, ...held));
  await post(`${everywhere}/clusterroles`, role("bindable", rule(["*"], ["*"], ["*"])));
  await post(`${inNamespace}/roles`, role("wide", rule(["batch"], ["cronjobs"], ["get"])));
  await post(`${everywhere}/clusterrolebindings`, {
    ...binding(account, "ClusterRole", account),
    subjects: [{ kind: "ServiceAccount", name: account, namespace }],
  });
  const token = await plane.createToken(namespace, account);
  const { server, ca } = plane.settings;
  const cluster = openCluster({ server, ...(ca === undefined ? {} : { ca }), token, limits: { retryMs: 0 } });
  const resourceAttributes = { verb: "create", group: rbac, resource: "roles", namespace };
  const ask = { method: "POST", path: reviews, body: { spec: { resourceAttributes } } } as const;
  // the server's authorizer knows of a binding a moment after it was made
  await eventually("the grantor's rights", async () => {
    return Review.parse(await cluster.request(ask, { signal: signal() })).status.allowed;
  });
  return cluster;
}

interface Request {
  readonly method: "POST" | "PUT" | "PATCH";
  readonly path: string;
  readonly body: object;
}

async function answer(cluster: Cluster, { method, path, body }: Request): Promise<string> {
  const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  try {
    await cluster.request({ method, path, body, contentType }, { signal: signal() });
    return "taken";
  } catch (error) {
    if (!(error instanceof KubeFailure)) throw error;
    return `${error.status} ${error.reason} ${error.message}`;
  }
}
