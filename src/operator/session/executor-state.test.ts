import { describe, expect, test } from "vitest";
import { Job, Pod } from "../../kube/core.ts";
import { executorState, isOver, omenOf } from "./executor-state.ts";

const now = new Date("2026-11-21T03:10:00Z");

function ago(seconds: number): string {
  return new Date(now.getTime() - seconds * 1000).toISOString().replace(".000", "");
}

function job(condition?: { type: string; reason?: string }, createdAgo = 5): Job {
  return Job.parse({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "stash-backup-a-0", namespace: "demo", creationTimestamp: ago(createdAgo) },
    spec: { template: { spec: { containers: [] } } },
    status: { conditions: condition === undefined ? [] : [{ status: "True", ...condition }] },
  });
}

interface Given {
  readonly phase?: string;
  readonly nodeName?: string | undefined;
  readonly deletedAgo?: number;
  readonly [field: string]: unknown;
}

function pod({ nodeName = "node-1", deletedAgo, phase = "Pending", ...status }: Given = {}): Pod {
  const deleted = deletedAgo === undefined ? {} : { deletionTimestamp: ago(deletedAgo) };
  return Pod.parse({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "stash-backup-a-0-x7k2p", namespace: "demo", creationTimestamp: ago(900), ...deleted },
    spec: { containers: [], ...(nodeName === "" ? {} : { nodeName }) },
    status: { phase, startTime: ago(900), ...status },
  });
}

const waiting = (reason: string, message = "") => ({ name: "nats-backup-0", state: { waiting: { reason, message } } });
const ended = (exitCode: number, reason = "Error", more: object = {}) => ({
  name: "nats-backup-0",
  state: { terminated: { exitCode, reason, ...more } },
});
const begun = (seconds: number) => ({ startTime: ago(seconds) });
const disruption = (reason: string, message: string) => [{ type: "DisruptionTarget", status: "True", reason, message }];

function stateOf(pods: readonly Pod[], given: Job | undefined = job(), omen?: string) {
  return executorState({ jobName: "stash-backup-a-0", job: given, pods, now, omen });
}

describe("a Job that goes on", () => {
  test.each([
    ["without a pod yet", [], job(), { state: "running", recheckMs: 595_000 }],
    [
      "with a pod that runs",
      [pod({ phase: "Running", initContainerStatuses: [{ name: "a", state: { running: {} } }] })],
      job(),
      { state: "running" },
    ],
    [
      "whose image cannot be pulled for 100 s",
      [pod({ ...begun(100), initContainerStatuses: [waiting("ErrImagePull")] })],
      job(undefined, 100),
      { state: "running", recheckMs: 20_000 },
    ],
    [
      "whose second image cannot be pulled since the first container ended",
      [
        pod({
          initContainerStatuses: [ended(0, "Completed", { finishedAt: ago(30) })],
          containerStatuses: [{ ...waiting("ImagePullBackOff"), name: "b" }],
        }),
      ],
      job(),
      { state: "running", recheckMs: 90_000 },
    ],
    [
      "that finds no node for 9 min",
      [
        pod({
          nodeName: "",
          conditions: [
            { type: "PodScheduled", status: "False", reason: "Unschedulable", lastTransitionTime: ago(540) },
          ],
        }),
      ],
      job(),
      { state: "running", recheckMs: 60_000 },
    ],
    [
      "whose pod ends by order",
      [pod({ phase: "Running", deletedAgo: -20 })],
      job({ type: "FailureTarget" }),
      { state: "running", recheckMs: 80_000 },
    ],
    [
      "that is deleted while its pod ends",
      [pod({ phase: "Running", deletedAgo: -20 })],
      undefined,
      { state: "running", recheckMs: 5000 },
    ],
  ])("%s", (_title, pods, given, state) => {
    // when the Job is gone there is nothing to look at but the pods
    expect(executorState({ jobName: "stash-backup-a-0", job: given, pods, now })).toEqual(state);
  });
});

describe("a Job that is done", () => {
  test.each([
    ["says so", [], job({ type: "Complete" })],
    ["says so before its pods are counted", [], job({ type: "SuccessCriteriaMet" })],
    ["has a pod that says so", [pod({ phase: "Succeeded" })], job()],
  ])("%s", (_title, pods, given) => expect(stateOf(pods, given)).toEqual({ state: "succeeded" }));
});

describe("a Job that failed", () => {
  test.each([
    [
      "by its image",
      [pod({ ...begun(121), initContainerStatuses: [waiting("ImagePullBackOff", "not\n found")] })],
      job(),
      "ImagePullFailed",
      "container nats-backup-0: the image could not be pulled (ImagePullBackOff: not found)",
    ],
    [
      "by its image's name",
      [pod({ initContainerStatuses: [waiting("InvalidImageName")] })],
      job(),
      "ImagePullFailed",
      "InvalidImageName",
    ],
    [
      "by a Secret that its container wants",
      [pod({ initContainerStatuses: [waiting("CreateContainerConfigError", 'secret "a" not found')] })],
      job(),
      "NotStarted",
      'the container could not be made (CreateContainerConfigError: secret "a" not found)',
    ],
    [
      "for want of a node",
      [
        pod({
          nodeName: "",
          conditions: [
            { type: "PodScheduled", status: "False", message: "0/3 nodes are available", lastTransitionTime: ago(601) },
          ],
        }),
      ],
      job(),
      "Unschedulable",
      "found no node: 0/3 nodes are available",
    ],
    ["for want of a scheduler", [pod({ nodeName: "" })], job(), "Unschedulable", "no scheduler has looked at it"],
    [
      "because nothing of it started",
      [pod({ ...begun(1801), initContainerStatuses: [waiting("ContainerCreating")] })],
      job(),
      "NotStarted",
      "did not start on node node-1",
    ],
    [
      "because it got no pod",
      [],
      job(undefined, 601),
      "NotStarted",
      "got no pod: kubectl describe job stash-backup-a-0",
    ],
    [
      "by memory",
      [pod({ phase: "Failed", initContainerStatuses: [ended(137, "OOMKilled")] })],
      job(),
      "OutOfMemory",
      "needed more memory than its limit (OOMKilled)",
    ],
    [
      "by a crash",
      [pod({ phase: "Failed", initContainerStatuses: [ended(3)] })],
      job(),
      "Crashed",
      "container nats-backup-0 ended with exit code 3",
    ],
    [
      "by a crash with a reason",
      [pod({ phase: "Failed", containerStatuses: [ended(128, "StartError", { message: "no such file" })] })],
      job(),
      "Crashed",
      "exit code 128 (StartError): no such file",
    ],
    ["without a reason", [pod({ phase: "Failed" })], job(), "Crashed", "pod stash-backup-a-0-x7k2p failed"],
    [
      "by eviction from its node",
      [pod({ phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." })],
      job(),
      "Evicted",
      "Evicted: The node was low on resource: memory.",
    ],
    [
      "by eviction for another pod",
      [pod({ phase: "Failed", conditions: disruption("PreemptionByScheduler", "preempted") })],
      job(),
      "Evicted",
      "PreemptionByScheduler: preempted",
    ],
    [
      "with its node",
      [pod({ phase: "Failed", conditions: disruption("DeletionByPodGC", "node not found") })],
      job(),
      "NodeLost",
      "node node-1 was lost: DeletionByPodGC: node not found",
    ],
    [
      "because its node does not answer",
      [pod({ phase: "Running", deletedAgo: 61 })],
      job({ type: "FailureTarget" }),
      "NodeLost",
      "node node-1 does not answer",
    ],
    [
      "because its pod was deleted",
      [],
      job({ type: "Failed", reason: "BackoffLimitExceeded" }),
      "PodDeleted",
      "was deleted before it was done",
    ],
    [
      "by its deadline",
      [pod({ phase: "Running" })],
      job({ type: "FailureTarget", reason: "DeadlineExceeded" }),
      "DeadlineExceeded",
      "ran longer than allowed",
    ],
  ])("%s", (_title, pods, given, reason, message) => {
    const state = stateOf(pods, given);
    expect(state).toMatchObject({ state: "failed", trouble: { reason } });
    expect(state.state === "failed" ? state.trouble.message : "").toContain(message);
  });

  test("because it was deleted", () => {
    expect(executorState({ jobName: "a", job: undefined, pods: [], now })).toMatchObject({
      trouble: { reason: "JobDeleted" },
    });
  });
  test("is explained by what its pod said last", () => {
    const omen = omenOf([
      pod({ phase: "Running", conditions: disruption("EvictionByEvictionAPI", "Eviction API: evicting") }),
    ]);
    expect(omen).toContain("node node-1 was taken away: EvictionByEvictionAPI: Eviction API: evicting");
    expect(stateOf([], job({ type: "Failed" }), omen)).toMatchObject({ trouble: { message: omen } });
  });
  test("by a container names whose log says more", () => {
    const state = stateOf([pod({ phase: "Failed", initContainerStatuses: [ended(3)] })]);
    expect(state).toMatchObject({ trouble: { container: { pod: "stash-backup-a-0-x7k2p", name: "nats-backup-0" } } });
  });
});

test.each([
  ["goes on", undefined, false],
  ["is about to end", "FailureTarget", true],
  ["is complete", "Complete", true],
  ["failed", "Failed", true],
])("a Job that %s has nothing more to do: %s", (_title, type, over) => {
  expect(isOver(job(type === undefined ? undefined : { type }))).toBe(over);
});
