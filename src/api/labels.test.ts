import { expect, test } from "vitest";
import { offshootLabels, sessionLabels } from "./labels.ts";

const origin = {
  invoker: { kind: "BackupConfiguration", name: "sample-nats-backup" },
  target: { kind: "AppBinding", name: "sample-nats", namespace: "demo" },
};

test("what is made for an invoker has its labels, and whose it is", () => {
  expect(offshootLabels({ app: "a", "app.kubernetes.io/component": "mine" }, "backup")).toEqual({
    app: "a",
    "app.kubernetes.io/managed-by": "stash.appscode.com",
    "app.kubernetes.io/component": "stash-backup",
  });
  expect(offshootLabels(undefined, "restore")["app.kubernetes.io/component"]).toBe("stash-restore");
});

test("a session is found by its invoker and its target", () => {
  expect(sessionLabels(origin)).toEqual({
    "stash.appscode.com/invoker-type": "BackupConfiguration",
    "stash.appscode.com/invoker-name": "sample-nats-backup",
    "stash.appscode.com/target-kind": "AppBinding",
    "stash.appscode.com/target-name": "sample-nats",
    "stash.appscode.com/target-namespace": "demo",
  });
});

test.each([
  [63, true],
  [64, false],
])("a name of %d characters as a label: %s", (length, isLabel) => {
  const target = { ...origin.target, name: "x".repeat(length) };
  expect("stash.appscode.com/target-name" in sessionLabels({ ...origin, target })).toBe(isLabel);
});
