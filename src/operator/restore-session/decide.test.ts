import { describe, expect, test } from "vitest";
import type { Condition } from "../../api/condition.ts";
import { RestoreSession, type RestoreSessionStatus } from "../../api/restore-session.ts";
import type { ExecutorState } from "../session/executor-state.ts";
import { decide, type RestoreSessionView } from "./decide.ts";

const now = new Date("2026-11-21T03:00:10Z");

function conditions(states: Readonly<Record<string, string>>): Condition[] {
  return Object.entries(states).map(([type, status]) => ({ type, status, lastTransitionTime: "2026-11-21T03:00:00Z" }));
}

function session(status: RestoreSessionStatus = {}, spec: object = {}, metadata: object = {}): RestoreSession {
  return RestoreSession.parse({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreSession",
    metadata: { name: "back", namespace: "demo", creationTimestamp: "2026-11-21T03:00:00Z", ...metadata },
    spec,
    status,
  });
}

const fit = { findings: [], isFit: true };
const unfit = { findings: [], isFit: false };
const running: ExecutorState = { state: "running" };
const crashed: ExecutorState = { state: "failed", trouble: { reason: "Crashed", message: "it crashed" } };
const late: ExecutorState = { state: "failed", trouble: { reason: "DeadlineExceeded", message: "late" } };
const done: ExecutorState = { state: "succeeded" };

function step(fields: Partial<RestoreSessionView>) {
  return decide({ session: session(), checked: fit, rival: undefined, executor: undefined, now, ...fields });
}

const begun = { totalHosts: 1, phase: "Running" as const };
const made = { ...begun, conditions: conditions({ RestoreExecutorEnsured: "True" }) };
const reported = { ...made, stats: [{ hostname: "host-0", phase: "Succeeded" as const }] };
const hooks = { hooks: { postRestore: { exec: { command: ["true"] } } } };
const hookSaid = conditions({ RestoreExecutorEnsured: "True", PostRestoreHookExecutionSucceeded: "True" });
const overdue = { sessionDeadline: "2026-11-21T03:00:05Z" };

describe("a restore", () => {
  test.each([
    ["starts when it may", {}, { do: "start" }],
    ["waits for what is missing", { checked: unfit }, { do: "hold" }],
    ["waits for another to the same target", { rival: "demo/other" }, { do: "hold", rival: "demo/other" }],
    ["expires while it waits", { checked: unfit, session: session({}, { timeOut: "10s" }) }, { do: "expire" }],
    [
      "does not expire while it is invalid",
      { checked: unfit, session: session({ phase: "Invalid" }, { timeOut: "10s" }) },
      { do: "hold" },
    ],
    [
      "gives its rights back when it is deleted",
      { session: session(made, {}, { deletionTimestamp: "2026-11-21T03:00:00Z" }), executor: running },
      { do: "release" },
    ],
    ["makes its Job after a crash", { session: session(begun), checked: undefined }, { do: "start", findings: [] }],
    ["waits for its Job", { session: session(made), executor: running }, { do: "wait" }],
    [
      "looks again at its deadline",
      { session: session(made, { timeOut: "1m" }), executor: running },
      { do: "wait", recheckMs: 50_000 },
    ],
    ["expires", { session: session({ ...made, ...overdue }), executor: running }, { do: "expire" }],
    ["expires with its Job", { session: session(made), executor: late }, { do: "expire" }],
    [
      "fails with its Job",
      { session: session(made), executor: crashed },
      { do: "fail", trouble: { message: "it crashed" } },
    ],
    [
      "fails when its Job said nothing",
      { session: session(made), executor: done },
      { do: "fail", trouble: { reason: "NoReport" } },
    ],
    ["waits for the end of its Job", { session: session(reported), executor: running }, { do: "wait" }],
    ["finishes with its Job", { session: session(reported), executor: done }, { do: "finish" }],
    [
      "finishes though its Job failed after its word",
      { session: session(reported), executor: crashed },
      { do: "finish" },
    ],
    [
      "finishes past its deadline, whatever its Job does",
      { session: session({ ...made, conditions: conditions({ DeadlineExceeded: "True" }) }), executor: running },
      { do: "finish" },
    ],
    [
      "finishes without a Job when there is none",
      { session: session({ conditions: conditions({ RestoreExecutorEnsured: "False" }) }) },
      { do: "finish" },
    ],
    ["fails when its Job left out the hook", { session: session(reported, hooks), executor: done }, { do: "fail" }],
    [
      "finishes when the hook said its word",
      { session: session({ ...reported, conditions: hookSaid }, hooks), executor: done },
      { do: "finish" },
    ],
    ["runs once", { session: session({ ...reported, phase: "Succeeded" }) }, { do: "nothing" }],
    ["that failed runs once", { session: session({ phase: "Failed" }) }, { do: "nothing" }],
  ])("%s", (_title, fields, expected) => expect(step(fields)).toMatchObject(expected));
});
