import { describe, expect, test } from "vitest";
import { Repository } from "../../api/repository.ts";
import { Job, jobs } from "../../kube/core.ts";
import { buildWipeOut } from "./build.ts";
import { wipeOutOf } from "./wipe-out.ts";

function job(status: object, metadata: object = {}): Job {
  const owner = {
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    name: "store",
    uid: "1",
    controller: true,
  };
  return Job.parse({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { namespace: "demo", name: "stash-wipe-out-store-0", ownerReferences: [owner], ...metadata },
    spec: { template: { spec: { containers: [] } } },
    status,
  });
}
const ended = (type: string, status = "True") => ({
  conditions: [{ type, status, lastTransitionTime: "2026-11-21T03:00:00Z" }],
});

test.each([
  ["no Job", undefined, { state: "absent" }],
  ["a Job of an earlier Repository of that name", job({}, { ownerReferences: [] }), { state: "absent" }],
  ["a Job at work", job({ active: 1 }), { state: "running" }],
  [
    "a Job that is being removed",
    job(ended("Failed"), { deletionTimestamp: "2026-11-21T03:00:00Z" }),
    { state: "running" },
  ],
  ["a Job that is done", job(ended("Complete")), { state: "succeeded" }],
  ["a Job that did not fail after all", job(ended("Failed", "False")), { state: "running" }],
  ["a Job that failed", job(ended("Failed")), { state: "failed", since: new Date("2026-11-21T03:00:00Z") }],
])("understands %s", (_title, given, state) => expect(wipeOutOf(given, "1")).toEqual(state));

describe("the Job", () => {
  const spec = { backend: { s3: { endpoint: "s3.amazonaws.com", bucket: "backups" }, storageSecretName: "keys" } };
  const metadata = { namespace: "demo", name: "my.store", uid: "1", labels: { team: "orders" } };
  const repository = Repository.parse({
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata,
    spec,
  });
  const made = buildWipeOut(repository, {
    settings: { image: "coldstream:1", pullSecrets: [], namespace: "coldstream" },
    pullSecrets: ["registry-repository-my.store"],
  });

  test("comes after its rights, all the Repository's own", () => {
    expect(made.map(({ resource }) => resource.kind)).toEqual(["ServiceAccount", "Role", "RoleBinding", "Job"]);
    for (const { draft } of made) {
      expect(draft.metadata).toMatchObject({ name: "stash-wipe-out-my-store-0", namespace: "demo" });
      expect(draft.metadata["ownerReferences"]).toMatchObject([
        { uid: "1", controller: true, blockOwnerDeletion: false },
      ]);
      expect(draft.metadata["labels"]).toMatchObject({
        team: "orders",
        "app.kubernetes.io/managed-by": "stash.appscode.com",
      });
    }
  });
  test("runs our image with the Repository's name", () => {
    const { draft } = made.find(({ resource }) => resource.kind === jobs.kind) ?? {};
    const { template } = Job.shape.spec.parse(draft?.["spec"]);
    expect(template.spec.imagePullSecrets).toEqual([{ name: "registry-repository-my.store" }]);
    expect(template.spec.containers).toMatchObject([
      { image: "coldstream:1", args: ["task", "wipe-out", "--repository=demo/my.store"] },
    ]);
  });
});
