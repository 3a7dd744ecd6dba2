import { expect, test } from "vitest";
import type { MachineJob } from "./job.ts";
import { buildPod, podName, trackingFinalizer } from "./pod.ts";

const job: MachineJob = {
  ...{ apiVersion: "batch/v1", kind: "Job" },
  metadata: { name: "nightly", namespace: "demo", uid: "u-nightly" },
  spec: { template: { spec: { restartPolicy: "Never" } } },
};

test("a Job names its pods by number, and what it makes says whose it is", () => {
  expect(podName(job, 0)).toMatch(/^nightly-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  expect(new Set(Array.from({ length: 50 }, (_, index) => podName(job, index))).size).toBe(50);
  const long = { ...job, metadata: { ...job.metadata, name: "n".repeat(63) } };
  expect(podName(long, 0)).toHaveLength(63);
  const template = { metadata: { labels: { app: "a" }, annotations: { b: "c" } }, spec: { restartPolicy: "Never" } };
  expect(buildPod({ ...job, spec: { template } }, "x")).toMatchObject({
    metadata: {
      ...{ name: "x", namespace: "demo", annotations: { b: "c" }, finalizers: [trackingFinalizer] },
      labels: {
        app: "a",
        "batch.kubernetes.io/job-name": "nightly",
        "batch.kubernetes.io/controller-uid": "u-nightly",
      },
      ownerReferences: [{ kind: "Job", name: "nightly", uid: "u-nightly", controller: true, blockOwnerDeletion: true }],
    },
    spec: { restartPolicy: "Never" },
  });
});
