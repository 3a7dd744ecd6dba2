import { expect, test } from "vitest";
import { podColumns } from "./columns-pod.ts";
import type { JsonObject } from "./json.ts";

const now = Date.parse("2026-11-21T03:00:00Z");
const metadata = { name: "one", creationTimestamp: "2026-11-21T02:55:00Z" };
const init = { name: "init" };
const main = { name: "main", image: "i" };
const done = { state: { terminated: { exitCode: 0, reason: "Completed" } } };
const running = { ready: true, restartCount: 0, state: { running: {} } };
const ready = { type: "Ready", status: "True" };

/** As Kubernetes' printPod has it: containers of the spec, the status, then READY, STATUS and RESTARTS. */
test.each<[string, JsonObject, JsonObject, readonly [string, string, string]]>([
  ["waits", { containers: [main] }, { phase: "Pending" }, ["0/1", "Pending", "0"]],
  ["runs", { containers: [main] }, { phase: "Running", containerStatuses: [running] }, ["1/1", "Running", "0"]],
  [
    "has completed",
    { containers: [main] },
    { phase: "Succeeded", containerStatuses: [{ ...done, name: "main" }] },
    ["0/1", "Completed", "0"],
  ],
  [
    "has one container left that runs",
    { containers: [main, main] },
    { phase: "Running", containerStatuses: [done, running], conditions: [ready] },
    ["1/2", "Running", "0"],
  ],
  [
    "has one container left that is not ready",
    { containers: [main, main] },
    { phase: "Running", containerStatuses: [done, running] },
    ["1/2", "NotReady", "0"],
  ],
  [
    "failed without a reason",
    { containers: [main] },
    { phase: "Failed", containerStatuses: [{ state: { terminated: { exitCode: 3 } } }] },
    ["0/1", "ExitCode:3", "0"],
  ],
  [
    "was killed",
    { containers: [main] },
    { phase: "Failed", containerStatuses: [{ state: { terminated: { exitCode: 137, signal: 9 } } }] },
    ["0/1", "Signal:9", "0"],
  ],
  ["was evicted", { containers: [main] }, { phase: "Failed", reason: "Evicted" }, ["0/1", "Evicted", "0"]],
  [
    "cannot get its image",
    { containers: [main] },
    { phase: "Pending", containerStatuses: [{ state: { waiting: { reason: "ImagePullBackOff" } } }] },
    ["0/1", "ImagePullBackOff", "0"],
  ],
  [
    "was restarted",
    { containers: [main] },
    {
      phase: "Running",
      containerStatuses: [
        { ...running, restartCount: 3, lastState: { terminated: { finishedAt: "2026-11-21T02:59:50Z" } } },
      ],
    },
    ["1/1", "Running", "3 (10s ago)"],
  ],
  [
    "is at its first init container",
    { initContainers: [init, { name: "two" }], containers: [main] },
    { phase: "Pending", initContainerStatuses: [{ name: "init", state: { running: {} } }] },
    ["0/1", "Init:0/2", "0"],
  ],
  [
    "is at its second init container",
    { initContainers: [init, { name: "two" }], containers: [main] },
    { phase: "Pending", initContainerStatuses: [done, { state: { waiting: { reason: "PodInitializing" } } }] },
    ["0/1", "Init:1/2", "0"],
  ],
  [
    "has an init container that crashes",
    { initContainers: [init], containers: [main] },
    {
      phase: "Pending",
      initContainerStatuses: [{ restartCount: 2, state: { terminated: { exitCode: 1, reason: "Error" } } }],
    },
    ["0/1", "Init:Error", "2"],
  ],
  [
    "is past its init containers",
    { initContainers: [init], containers: [main] },
    { phase: "Running", initContainerStatuses: [{ ...done, restartCount: 2 }], containerStatuses: [running] },
    ["1/1", "Running", "0"],
  ],
  [
    "has a sidecar",
    { initContainers: [{ ...init, restartPolicy: "Always" }], containers: [main] },
    {
      phase: "Running",
      initContainerStatuses: [{ name: "init", started: true, ready: true, restartCount: 1, state: { running: {} } }],
      containerStatuses: [running],
    },
    ["2/2", "Running", "1"],
  ],
])("a pod that %s", (_title, spec, status, cells) => {
  expect(podColumns.slice(0, 5).map(({ cell }) => cell({ metadata, spec, status }, now))).toEqual([
    "one",
    ...cells,
    "5m",
  ]);
});
