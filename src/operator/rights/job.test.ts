import { describe, expect, test } from "vitest";
import {
  appBinding,
  configuration,
  madeOf,
  repository,
  restoreSession,
} from "../../../tests/support/executor-sample.ts";
import { manifest } from "../../../tests/support/manifests.ts";
import { notedRules } from "../../../tests/support/policy.ts";
import { AppBinding } from "../../api/app-binding.ts";
import { Repository } from "../../api/repository.ts";
import { roleBindings, roles, serviceAccounts } from "../../kube/core.ts";
import type { Invoker } from "../task/target.ts";
import { buildFarRights, buildJobAccount, jobRules } from "./job.ts";

const near = { repository, appBinding };
const far = {
  repository: manifest("Repository", "settings", "shared"),
  appBinding: manifest("AppBinding", "settings", "far-nats"),
};

/** `verbs resource names`, one line a rule. */
function rulesOf(invoker: Invoker, given = near): readonly string[] {
  return notedRules(jobRules(invoker, given));
}

describe("the Jobs of an invoker", () => {
  test("may read what they need, each object by name, and write the Repository's status", () => {
    expect(rulesOf(configuration())).toEqual([
      "get backupconfigurations sample-nats-backup",
      "get appbindings sample-nats",
      "get repositories gcs-repo",
      "get,update,patch repositories/status gcs-repo",
      "get secrets gcs-secret",
    ]);
    expect(rulesOf(restoreSession())[0]).toBe("get restoresessions sample-nats-restore");
  });
  test("may read every Secret that the AppBinding names", () => {
    const { metadata, ...rest } = far.appBinding;
    const binding = AppBinding.parse({ ...rest, metadata: { ...metadata, namespace: "demo" } });
    expect(rulesOf(configuration(), { repository, appBinding: binding })).toContain(
      "get secrets far-nats-auth far-nats-tls more",
    );
  });
  test("may read no Secret when none is named: a rule without names would be for all", () => {
    const bare = Repository.parse({ ...repository, spec: { backend: { rest: { url: "http://a" } } } });
    expect(rulesOf(configuration(), { repository: bare, appBinding }).join()).not.toContain("secrets");
  });
  test("have their rights in the Repository's namespace when it lies elsewhere, without an owner", () => {
    const invoker = configuration({}, { labels: { team: "a" } });
    expect(rulesOf(invoker, { repository: far.repository, appBinding })).toEqual([
      "get backupconfigurations sample-nats-backup",
      "get appbindings sample-nats",
    ]);
    const there = buildFarRights(invoker, far.repository);
    expect(there.map(({ resource }) => resource.kind)).toEqual(["Role", "RoleBinding"]);
    expect(notedRules(roles.schema.parse({ apiVersion: "v1", kind: "Role", ...there[0]?.draft }).rules ?? [])).toEqual([
      "get repositories shared",
      "get,update,patch repositories/status shared",
      "get secrets s3-secret",
    ]);
    for (const { draft } of there) {
      expect(draft.metadata).toEqual({
        name: "demo-backupconfiguration-sample-nats-backup-0",
        namespace: "backups",
        labels: {
          team: "a",
          "app.kubernetes.io/managed-by": "stash.appscode.com",
          "app.kubernetes.io/component": "stash-backup",
        },
      });
    }
    expect(there[1]?.draft).toMatchObject({
      subjects: [{ name: "backupconfiguration-sample-nats-backup-0", namespace: "demo" }],
    });
  });
  test("have no rights in the namespace of an AppBinding that lies elsewhere", () => {
    expect(rulesOf(configuration(), { repository, appBinding: far.appBinding }).join()).not.toContain("appbindings");
  });
});

describe("the account", () => {
  test("is made, named by Stash's rules, owned by the invoker, with the user's annotations", () => {
    const runtimeSettings = { pod: { serviceAccountAnnotations: { a: "b" } } };
    const objects = buildJobAccount(configuration({ runtimeSettings }));
    expect(objects.map(({ resource }) => resource.kind)).toEqual(["ServiceAccount"]);
    expect(madeOf(objects, "ServiceAccount").metadata).toMatchObject({
      name: "backupconfiguration-sample-nats-backup-0",
      annotations: { a: "b" },
      ownerReferences: [{ kind: "BackupConfiguration", name: "sample-nats-backup" }],
    });
  });
  test("of the user is bound and not made", () => {
    const invoker = manifest("BackupConfiguration", "settings", "everything");
    expect(buildJobAccount(invoker)).toEqual([]);
    expect(madeOf(buildFarRights(invoker, far.repository), "RoleBinding")["subjects"]).toEqual([
      { kind: "ServiceAccount", name: "far-reader", namespace: "demo" },
    ]);
  });
  test("and its rights elsewhere are what Kubernetes' own kinds look like", () => {
    const objects = [...buildJobAccount(configuration()), ...buildFarRights(configuration(), far.repository)];
    expect(objects).toHaveLength(3);
    for (const { resource, draft } of objects) {
      const schema = [serviceAccounts, roles, roleBindings].find(({ kind }) => kind === resource.kind)?.schema;
      expect(schema?.safeParse({ apiVersion: "v1", kind: resource.kind, ...draft }).error).toBeUndefined();
    }
  });
  test("needs nothing elsewhere for a Repository of its own namespace", () => {
    expect(buildFarRights(configuration(), repository)).toEqual([]);
  });
});
