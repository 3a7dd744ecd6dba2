import { describe, expect, test } from "vitest";
import { BackupConfiguration } from "../../api/backup-configuration.ts";
import { BackupSession, type BackupSessionStatus } from "../../api/backup-session.ts";
import type { Condition } from "../../api/condition.ts";
import type { ExecutorState } from "../session/executor-state.ts";
import { type BackupSessionView, decide, type InvokerView, type Rival } from "./decide.ts";

const now = new Date("2026-11-21T03:00:10Z");

function conditions(states: Readonly<Record<string, string>>): Condition[] {
  return Object.entries(states).map(([type, status]) => ({ type, status, lastTransitionTime: "2026-11-21T03:00:00Z" }));
}

function session(status: BackupSessionStatus = {}, spec: object = {}, metadata: object = {}): BackupSession {
  return BackupSession.parse({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: "daily-1", namespace: "demo", creationTimestamp: "2026-11-21T03:00:00Z", ...metadata },
    spec: { invoker: { kind: "BackupConfiguration", name: "daily" }, ...spec },
    status,
  });
}

function invoker(spec: object = {}, status: object = { phase: "Ready" }): InvokerView {
  const configuration = BackupConfiguration.parse({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupConfiguration",
    metadata: { name: "daily", namespace: "demo" },
    spec: { retentionPolicy: { name: "keep", keepLast: 1, prune: true }, ...spec },
    status,
  });
  return { state: "found", configuration };
}

function rival(fields: Partial<Rival> = {}): Rival {
  return {
    namespace: "demo",
    name: "other-1",
    created: new Date("2026-11-21T03:00:00Z"),
    isSameInvoker: false,
    isBegun: false,
    ...fields,
  };
}

function step(fields: Partial<BackupSessionView>) {
  return decide({ session: session(), invoker: invoker(), rivals: [], executor: undefined, now, ...fields });
}

const gone: InvokerView = { state: "gone", name: "daily" };
const batch: InvokerView = { state: "unsupported", kind: "BackupBatch" };

describe("a new session", () => {
  test.each([
    ["starts", {}, { do: "start" }],
    ["starts though the BackupConfiguration is paused", { invoker: invoker({ paused: true }) }, { do: "start" }],
    ["waits for the first look at its invoker", { invoker: invoker({}, {}) }, { do: "hold", recheckMs: 1000 }],
    [
      "is skipped when nobody looks at its invoker",
      { invoker: invoker({}, {}), now: new Date("2026-11-21T03:00:31Z") },
      { do: "skip", message: "BackupConfiguration daily is not ready." },
    ],
    [
      "is skipped when its invoker is not ready, and says why",
      {
        invoker: invoker(
          {},
          {
            phase: "NotReady",
            conditions: [
              {
                type: "RepositoryFound",
                status: "False",
                message: "Repository demo/a does not exist.",
                lastTransitionTime: "2026-11-21T03:00:00Z",
              },
            ],
          },
        ),
      },
      { do: "skip", message: "BackupConfiguration daily is NotReady. Repository demo/a does not exist." },
    ],
    [
      "is skipped while another of its invoker runs",
      { rivals: [rival({ isSameInvoker: true, isBegun: true })] },
      { do: "skip", message: "BackupSession other-1 of the same BackupConfiguration is still running." },
    ],
    [
      "waits while another invoker's of the same target runs",
      { rivals: [rival({ isBegun: true, created: now })] },
      { do: "hold", recheckMs: 5000 },
    ],
    [
      "waits for an earlier one of the same target",
      { rivals: [rival({ created: new Date("2026-11-21T02:59:59Z") })] },
      { do: "hold" },
    ],
    ["goes before a later one", { rivals: [rival({ created: new Date("2026-11-21T03:00:01Z") })] }, { do: "start" }],
    ["goes before one of the same second with a later name", { rivals: [rival({ name: "later-1" })] }, { do: "start" }],
    ["waits for one of the same second with an earlier name", { rivals: [rival({ name: "a-1" })] }, { do: "hold" }],
    [
      "waits for one of the same name in an earlier namespace",
      { rivals: [rival({ name: "daily-1", namespace: "a" })] },
      { do: "hold" },
    ],
    [
      "fails without its invoker",
      { invoker: gone },
      { do: "refuse", message: "BackupConfiguration daily does not exist." },
    ],
    ["fails when it is of a batch", { invoker: batch }, { do: "refuse" }],
    [
      "expires while it waits",
      { invoker: invoker({ timeOut: "10s" }), rivals: [rival({ isBegun: true })] },
      { do: "expire" },
    ],
    [
      "is left alone when it is being deleted",
      { session: session({}, {}, { deletionTimestamp: "2026-11-21T03:00:00Z" }) },
      { do: "nothing" },
    ],
  ])("%s", (_title, fields, expected) => expect(step(fields)).toMatchObject(expected));
});

const target = { totalHosts: 1, postBackupActions: [] };
const saved = { ...target, stats: [{ hostname: "host-0", phase: "Succeeded" as const }] };
const made = { conditions: conditions({ BackupExecutorEnsured: "True" }) };
const working = session({ targets: [{ ...target, ...made }], phase: "Running" });
const reported = session({ targets: [{ ...saved, ...made }], phase: "Running" });
const running: ExecutorState = { state: "running" };
const crashed: ExecutorState = { state: "failed", trouble: { reason: "Crashed", message: "it crashed" } };
const late: ExecutorState = { state: "failed", trouble: { reason: "DeadlineExceeded", message: "late" } };
const done: ExecutorState = { state: "succeeded" };
const overdue = session({ ...working.status, sessionDeadline: "2026-11-21T03:00:05Z" });
const expired = { ...overdue, status: { ...overdue.status, conditions: conditions({ DeadlineExceeded: "True" }) } };
const hooked = invoker({ hooks: { postBackup: { exec: { command: ["true"] } } } });
const hookSaid = session({
  ...reported.status,
  targets: [
    { ...saved, conditions: conditions({ BackupExecutorEnsured: "True", PostBackupHookExecutionSucceeded: "True" }) },
  ],
});

describe("a session that began", () => {
  test.each([
    ["makes its Job after a crash", { session: session({ targets: [target], phase: "Running" }) }, { do: "start" }],
    [
      "makes its Job after a crash though its invoker is not ready any more",
      { session: session({ targets: [target] }), invoker: invoker({}, { phase: "NotReady" }) },
      { do: "start" },
    ],
    ["fails without its invoker", { session: session({ targets: [target] }), invoker: gone }, { do: "refuse" }],
    ["waits for its Job", { session: working, executor: running }, { do: "wait" }],
    [
      "looks again when the Job's sign may be the end",
      { session: working, executor: { state: "running", recheckMs: 70 } as const },
      { do: "wait", recheckMs: 70 },
    ],
    [
      "looks again at its deadline",
      { session: working, executor: running, invoker: invoker({ timeOut: "1m" }) },
      { do: "wait", recheckMs: 50_000 },
    ],
    ["expires", { session: overdue, executor: running }, { do: "expire" }],
    ["expires with its Job", { session: working, executor: late }, { do: "expire" }],
    ["fails with its Job", { session: working, executor: crashed }, { do: "fail", trouble: { message: "it crashed" } }],
    [
      "fails when its Job said nothing",
      { session: working, executor: done },
      { do: "fail", trouble: { reason: "NoReport" } },
    ],
    [
      "fails when its invoker is deleted meanwhile",
      { session: working, executor: running, invoker: gone },
      { do: "fail", trouble: { reason: "InvokerGone" } },
    ],
  ])("%s", (_title, fields, expected) => expect(step(fields)).toMatchObject(expected));
});

describe("a session whose result is known", () => {
  test.each([
    ["waits for the end of its Job", { session: reported, executor: running }, { do: "wait" }],
    ["finishes with its Job", { session: reported, executor: done }, { do: "finish" }],
    ["finishes though its Job failed after its word", { session: reported, executor: crashed }, { do: "finish" }],
    [
      "finishes though its deadline passed just now",
      {
        session: { ...overdue, status: { ...reported.status, sessionDeadline: "2026-11-21T03:00:05Z" } },
        executor: done,
      },
      { do: "finish" },
    ],
    [
      "finishes without a Job when there is none",
      { session: session({ targets: [{ conditions: conditions({ BackupExecutorEnsured: "False" }) }] }) },
      { do: "finish" },
    ],
    ["finishes past its deadline, whatever its Job does", { session: expired, executor: running }, { do: "finish" }],
    ["fails when its Job left out the hook", { session: reported, executor: done, invoker: hooked }, { do: "fail" }],
    [
      "fails when its Job crashed in the hook",
      { session: reported, executor: crashed, invoker: hooked },
      { do: "fail", trouble: { message: "it crashed" } },
    ],
    ["finishes when the hook said its word", { session: hookSaid, executor: done, invoker: hooked }, { do: "finish" }],
    [
      "finishes without the hook behind when the one before failed",
      {
        session: session({
          targets: [
            {
              ...target,
              conditions: conditions({ BackupExecutorEnsured: "True", PreBackupHookExecutionSucceeded: "False" }),
            },
          ],
        }),
        executor: crashed,
        invoker: hooked,
      },
      { do: "finish" },
    ],
  ])("%s", (_title, fields, expected) => expect(step(fields)).toMatchObject(expected));
});

describe("a final session", () => {
  const failed = (status: object, retryLeft?: number) =>
    session({ phase: "Failed", nextRetry: "2026-11-21T03:00:20Z", ...status }, { retryLeft });
  test.each([
    ["stays as it is", { session: session({ phase: "Succeeded" }), executor: crashed }, { do: "nothing" }],
    ["is not tried again when nobody asked", { session: failed({}) }, { do: "nothing" }],
    ["is not tried again when no try is left", { session: failed({}, 0) }, { do: "nothing" }],
    [
      "is not tried again without a time",
      { session: session({ phase: "Failed" }, { retryLeft: 1 }) },
      { do: "nothing" },
    ],
    ["is not tried again when it was skipped", { session: failed({ phase: "Skipped" }, 1) }, { do: "nothing" }],
    [
      "is not tried again twice",
      { session: failed({ retried: true, nextRetry: "2026-11-21T03:00:00Z" }, 1) },
      { do: "nothing" },
    ],
    [
      "is not tried again without its invoker",
      { session: failed({ nextRetry: "2026-11-21T03:00:00Z" }, 1), invoker: gone },
      { do: "nothing" },
    ],
    ["waits for its next try", { session: failed({}, 1) }, { do: "wait", recheckMs: 10_000 }],
    ["is tried again", { session: failed({ nextRetry: "2026-11-21T03:00:10Z" }, 2) }, { do: "retry" }],
  ])("%s", (_title, fields, expected) => expect(step(fields)).toMatchObject(expected));
});
