import { describe, expect, test } from "vitest";
import type { RestoreSessionStatus } from "../../api/restore-session.ts";
import { restorePhase, withPhase } from "./phase.ts";

type States = Readonly<Record<string, string>>;

function status(states: States, fields: Partial<RestoreSessionStatus> = {}): RestoreSessionStatus {
  const conditions = Object.entries(states).map(([type, each]) => ({
    type,
    status: each,
    lastTransitionTime: "2026-11-21T03:00:00Z",
  }));
  return { conditions, ...fields };
}

const begun = { totalHosts: 1 };
const done = { ...begun, stats: [{ hostname: "host-0", phase: "Succeeded" as const }] };
const lost = { ...begun, stats: [{ hostname: "host-0", phase: "Failed" as const }] };
const unknown = { ...begun, stats: [{ hostname: "host-0", phase: "Unknown" as const }] };
const over = { MetricsPushed: "True" };

describe("a restore's phase", () => {
  test.each([
    ["is Pending when nothing is known", {}, "Pending"],
    ["is Pending without its Repository", status({ RepositoryFound: "False" }), "Pending"],
    ["is Pending without its target", status({ RepositoryFound: "True", RestoreTargetFound: "False" }), "Pending"],
    ["is Invalid when it must not run", status({ RepositoryFound: "True", ValidationPassed: "False" }), "Invalid"],
    [
      "is Invalid though something is missing too",
      status({ RepositoryFound: "False", ValidationPassed: "False" }),
      "Invalid",
    ],
    ["is Running from its Job on", status({ RestoreExecutorEnsured: "True" }, begun), "Running"],
    ["goes on when its Repository vanishes meanwhile", status({ RepositoryFound: "False" }, begun), "Running"],
    ["is Running while a host is", status({}, { ...begun, stats: [{ phase: "Running" }] }), "Running"],
    ["is Running until the last step is done", status({}, done), "Running"],
    ["is Succeeded", status(over, done), "Succeeded"],
    ["is Succeeded though its metrics could not be pushed", status({ MetricsPushed: "False" }, done), "Succeeded"],
    ["is Failed with its host", status(over, lost), "Failed"],
    ["is Unknown with its host", status(over, unknown), "Unknown"],
    ["is Failed without a Job", status({ ...over, RestoreExecutorEnsured: "False" }), "Failed"],
    [
      "is Failed after its hook before",
      status({ ...over, PreRestoreHookExecutionSucceeded: "False" }, begun),
      "Failed",
    ],
    [
      "is Failed after its hook behind",
      status({ ...over, PostRestoreHookExecutionSucceeded: "False" }, done),
      "Failed",
    ],
    ["is Failed past its deadline", status({ ...over, DeadlineExceeded: "True" }, done), "Failed"],
    ["is Failed past its deadline before it began", status({ ...over, DeadlineExceeded: "True" }), "Failed"],
  ])("%s", (_title, given, phase) => expect(restorePhase(given)).toBe(phase));

  test.each(["Failed", "Succeeded", "Unknown"] as const)("that is %s stays so", (phase) => {
    const times = { created: new Date("2026-11-21T03:00:00Z"), now: new Date("2026-11-21T03:00:15Z") };
    expect(withPhase(status({}, { ...begun, phase }), times)).toEqual(status({}, { ...begun, phase }));
    expect(withPhase(status(over, done), times)).toMatchObject({ phase: "Succeeded", sessionDuration: "15s" });
  });
});
