import { expect, test } from "vitest";
import { AppBinding } from "../api/app-binding.ts";
import { pushJob, targetFacts } from "./labels.ts";

function binding(type: string | undefined): AppBinding {
  return AppBinding.parse({
    apiVersion: "appcatalog.appscode.com/v1alpha1",
    kind: "AppBinding",
    metadata: { name: "sample-nats", namespace: "demo" },
    spec: { clientConfig: {}, ...(type === undefined ? {} : { type }) },
  });
}

const ref = { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "sample-nats" };
const name = "sample-nats";

test.each([
  ["the halves of the AppBinding's type", ref, binding("nats.io/nats"), { kind: "nats", group: "nats.io", name }],
  ["a type without a group", ref, binding("nats"), { kind: "nats", group: "", name }],
  [
    "an AppBinding without a type",
    ref,
    binding(undefined),
    { kind: "AppBinding", group: "appcatalog.appscode.com", name },
  ],
  ["an AppBinding that is gone", ref, undefined, { kind: "AppBinding", group: "appcatalog.appscode.com", name }],
  ["a kind of the core group", { ...ref, apiVersion: "v1", kind: "Pod" }, undefined, { kind: "Pod", group: "", name }],
  ["nothing", undefined, undefined, { kind: "", group: "", name: "" }],
])("a target is labelled by %s", (_title, reference, appBinding, expected) => {
  expect(targetFacts(reference, appBinding)).toEqual(expected);
});

test("the group is Stash's", () => {
  const invoker = { kind: "BackupConfiguration", namespace: "demo", name: "sample-nats-backup" };
  expect(pushJob(invoker)).toBe("backupconfiguration-demo-sample-nats-backup");
});
