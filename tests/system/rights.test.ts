import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { statusOf } from "../../src/api/condition.ts";
import { type Desk, openDesk } from "../operator/desk.ts";
import { backupConfiguration, fixture, repository, secret } from "../operator/documents.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";

/** What the API server's own authorizer says to each account that the operator makes, and to the operator. */

const Review = z.object({ status: z.object({ allowed: z.boolean() }) });

interface Wish {
  readonly verb: string;
  /** `plural.group`, a subresource after a slash. */
  readonly of: string;
  readonly name?: string;
  readonly namespace?: string;
}

describe.skipIf(controlPlaneMissing() !== undefined)("rights", () => {
  let desk: Desk;
  let own: string;
  let store: string;
  let foreign: string;
  const [job, trigger] = ["backupconfiguration-sample-nats-backup-0", "coldstream-trigger"];

  async function may(account: string, { verb, of, name, namespace = own }: Wish): Promise<boolean> {
    const [kind = "", subresource] = of.split("/");
    const [resource, ...group] = kind.split(".");
    const resourceAttributes = { verb, resource, subresource, group: group.join("."), name, namespace };
    const body = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user: `system:serviceaccount:${account}`, groups: ["system:serviceaccounts"], resourceAttributes },
    };
    const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    return Review.parse(await desk.plane.request({ method: "POST", path, body })).status.allowed;
  }

  /** The server's authorizer knows of a binding a moment after it was made. */
  const gets = async (account: string, wish: Wish) =>
    await eventually(`${wish.verb} ${wish.of} for ${account}`, () => may(account, wish));

  async function begin(name: string): Promise<void> {
    const invoker = { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: "sample-nats-backup" };
    await desk.apply({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupSession",
      metadata: { namespace: own, name },
      spec: { invoker },
    });
    // the Job comes beside its rights
    await desk.until("BackupSession", { namespace: own, name }, ({ status }) =>
      (status?.targets ?? []).some(({ conditions }) => statusOf(conditions, "BackupExecutorEnsured") === "True"),
    );
  }

  beforeAll(async () => {
    desk = await openDesk();
    [own, store, foreign] = [await desk.namespace(), await desk.namespace(), await desk.namespace()];
    await desk.startOperator();
    const allowedNamespaces = { from: "All" };
    const far = { namespace: store, name: "far-repo" };
    await desk.apply(
      ...fixture(own),
      backupConfiguration({ namespace: own }, { schedule: "0 0 1 1 *" }),
      secret({ namespace: own, name: "another" }),
      secret({ namespace: foreign }),
      secret({ namespace: store }),
      secret({ namespace: store, name: "another" }),
      repository(far, { usagePolicy: { allowedNamespaces } }),
      backupConfiguration(
        { namespace: own, name: "far" },
        { schedule: "0 0 1 1 *", repository: { name: "far-repo", namespace: store } },
      ),
    );
    for (const name of ["sample-nats-backup", "far"]) {
      await desk.until("BackupConfiguration", { namespace: own, name }, ({ status }) => status?.phase === "Ready");
    }
    await begin("one");
  }, 120_000);
  afterAll(async () => await desk?.[Symbol.asyncDispose]());

  const stash = "stash.appscode.com";
  test.each<[string, Wish]>([
    ["its storage Secret", { verb: "get", of: "secrets", name: "s3-secret" }],
    ["its Repository", { verb: "get", of: `repositories.${stash}`, name: "s3-repo" }],
    ["the status of its Repository", { verb: "update", of: `repositories.${stash}/status`, name: "s3-repo" }],
    ["its AppBinding", { verb: "get", of: "appbindings.appcatalog.appscode.com", name: "sample-nats" }],
    ["its BackupConfiguration", { verb: "get", of: `backupconfigurations.${stash}`, name: "sample-nats-backup" }],
    ["its session", { verb: "get", of: `backupsessions.${stash}`, name: "one" }],
    ["the status of its session", { verb: "update", of: `backupsessions.${stash}/status`, name: "one" }],
    ["its report", { verb: "patch", of: "configmaps", name: "stash-backup-one-0" }],
  ])("a Job has %s", async (_title, wish) => {
    await gets(`${own}:${job}`, wish);
  });

  test.each<[string, Wish]>([
    ["another Secret", { verb: "get", of: "secrets", name: "another" }],
    ["a list of Secrets", { verb: "list", of: "secrets" }],
    ["the storage Secret to change", { verb: "update", of: "secrets", name: "s3-secret" }],
    ["another session's status", { verb: "update", of: `backupsessions.${stash}/status`, name: "two" }],
    ["its session's spec", { verb: "update", of: `backupsessions.${stash}`, name: "one" }],
    ["sessions to make", { verb: "create", of: `backupsessions.${stash}` }],
    ["its Repository's spec", { verb: "update", of: `repositories.${stash}`, name: "s3-repo" }],
    ["another Repository", { verb: "get", of: `repositories.${stash}`, name: "another" }],
    ["another ConfigMap", { verb: "get", of: "configmaps", name: "kube-root-ca.crt" }],
    ["pods", { verb: "list", of: "pods" }],
    ["pods/exec", { verb: "create", of: "pods/exec" }],
    ["Jobs", { verb: "create", of: "jobs.batch" }],
    ["Events", { verb: "create", of: "events" }],
    ["Roles", { verb: "create", of: "roles.rbac.authorization.k8s.io" }],
  ])("a Job has not %s", async (_title, wish) => {
    expect(await may(`${own}:${job}`, wish)).toBe(false);
  });

  test("a Job has nothing in another namespace", async () => {
    const wishes: readonly Wish[] = [
      { verb: "get", of: "secrets", name: "s3-secret" },
      { verb: "get", of: `repositories.${stash}`, name: "s3-repo" },
      { verb: "update", of: `backupsessions.${stash}/status`, name: "one" },
    ];
    for (const wish of wishes) expect(await may(`${own}:${job}`, { ...wish, namespace: foreign })).toBe(false);
  });

  test("the trigger may make sessions and nothing else", async () => {
    await gets(`${own}:${trigger}`, { verb: "create", of: `backupsessions.${stash}` });
    const refused: readonly Wish[] = [
      { verb: "get", of: "secrets", name: "s3-secret" },
      { verb: "update", of: `backupsessions.${stash}/status`, name: "one" },
      { verb: "delete", of: `backupsessions.${stash}`, name: "one" },
      { verb: "create", of: `backupsessions.${stash}`, namespace: foreign },
      { verb: "create", of: "jobs.batch" },
    ];
    for (const wish of refused) expect(await may(`${own}:${trigger}`, wish)).toBe(false);
  });

  test("rights in a Repository's namespace last as long as its usagePolicy allows", async () => {
    const far = `${own}:backupconfiguration-far-0`;
    const wish: Wish = { verb: "get", of: "secrets", name: "s3-secret", namespace: store };
    await gets(far, wish);
    expect(await may(far, { ...wish, name: "another" })).toBe(false);
    expect(await may(`${own}:${job}`, wish)).toBe(false);
    await desk.apply(
      repository({ namespace: store, name: "far-repo" }, { usagePolicy: { allowedNamespaces: { from: "Same" } } }),
    );
    await eventually("the rights are gone", async () => !(await may(far, wish)), { timeoutMs: 15_000 });
    await desk.until(
      "BackupConfiguration",
      { namespace: own, name: "far" },
      ({ status }) => status?.phase === "Invalid",
    );
  });

  test("a session's rights go with it", async () => {
    const wish: Wish = { verb: "update", of: `backupsessions.${stash}/status`, name: "gone" };
    const session = `${own}:${job}`;
    await desk.kubectl("delete", "backupsession", "one", "-n", own);
    await begin("gone");
    await gets(session, wish);
    await desk.kubectl("delete", "backupsession", "gone", "-n", own);
    await eventually("the rights are gone", async () => !(await may(session, wish)), { timeoutMs: 30_000 });
  });

  test.each<[string, Wish]>([
    ["a list of Secrets", { verb: "list", of: "secrets" }],
    ["Secrets to watch", { verb: "watch", of: "secrets" }],
    ["to escalate", { verb: "escalate", of: "roles.rbac.authorization.k8s.io" }],
    ["to bind any ClusterRole", { verb: "bind", of: "clusterroles.rbac.authorization.k8s.io", name: "cluster-admin" }],
    ["ClusterRoleBindings", { verb: "create", of: "clusterrolebindings.rbac.authorization.k8s.io" }],
    ["to be somebody else", { verb: "impersonate", of: "users" }],
    ["pods to make", { verb: "create", of: "pods" }],
    ["pods/exec", { verb: "create", of: "pods/exec" }],
    ["nodes", { verb: "get", of: "nodes" }],
  ])("the operator has not %s", async (_title, wish) => {
    expect(await may("coldstream:coldstream-operator", wish)).toBe(false);
  });
});
