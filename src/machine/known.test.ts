import { expect, test } from "vitest";
import { type Known, knownOf } from "./known.ts";
import { MachinePod } from "./pod.ts";

const times = { startedAt: "2026-11-21T10:00:00Z", finishedAt: "2026-11-21T10:00:05Z" };
const startedAt = new Date(times.startedAt);
const end = { exitCode: 3, reason: "Error", message: undefined, startedAt, finishedAt: new Date(times.finishedAt) };
const terminated = { exitCode: 3, reason: "Error", ...times };
const waiting = { reason: "CrashLoopBackOff" };

test.each<[string, object | undefined, Known]>([
  ["nothing of a pod without a status", undefined, { kind: "none" }],
  ["nothing of a container that waits for its start", { state: { waiting } }, { kind: "none" }],
  [
    "when a running one began",
    { restartCount: 1, state: { running: { startedAt: times.startedAt } } },
    { kind: "started", restarts: 1, startedAt },
  ],
  ["how one ended", { state: { terminated } }, { kind: "ended", restarts: 0, end }],
  [
    "how one ended that waits for its next start",
    { restartCount: 2, state: { waiting }, lastState: { terminated } },
    { kind: "ended", restarts: 2, end },
  ],
])("knows %s", (_title, status, known) => {
  const containerStatuses = status === undefined ? [] : [{ name: "main", ...status }];
  const metadata = { name: "p" };
  const spec = { containers: [{ name: "main" }] };
  const pod = MachinePod.parse({ apiVersion: "v1", kind: "Pod", metadata, spec, status: { containerStatuses } });
  expect(knownOf(pod, "main")).toEqual(known);
});
