import { describe, expect, test } from "vitest";
import type { RestoreSessionStatus } from "../../api/restore-session.ts";
import { newsOf } from "../session/news.ts";
import * as change from "./status.ts";

const moment = { created: new Date("2026-11-21T03:00:00Z"), now: new Date("2026-11-21T03:00:15.300Z") };
const deadline = new Date("2026-11-21T03:30:00Z");
const missing = { findings: [newsOf("RepositoryFound", "False", "None.")], deadline };
const found = {
  findings: [newsOf("RepositoryFound", "True", "There."), newsOf("ValidationPassed", "True", "Fine.")],
  deadline,
};
const wrong = { findings: [newsOf("ValidationPassed", "False", "Wrong.")], deadline: undefined };
const metrics = newsOf("MetricsPushed", "False", "no");

const waits = change.held({}, missing, moment) ?? {};
const begun = change.begun(waits, found, moment) ?? {};
const ensured = change.ensured(begun, "stash-restore-a-0", moment) ?? {};
const reported: RestoreSessionStatus = { ...ensured, stats: [{ hostname: "host-0", phase: "Succeeded" }] };
const failing = { host: "host-0", error: "it crashed", hasPostHook: false };

describe("the status of a restore", () => {
  test("says what is missing, and what is wrong", () => {
    expect(waits).toMatchObject({
      phase: "Pending",
      sessionDeadline: "2026-11-21T03:30:00Z",
      conditions: [{ type: "RepositoryFound", status: "False" }],
    });
    expect(change.held({}, wrong, moment)).toMatchObject({ phase: "Invalid" });
  });
  test("says what is there before it has a Job", () => {
    expect(begun).toMatchObject({
      phase: "Running",
      totalHosts: 1,
      conditions: [{ type: "RepositoryFound", status: "True" }, { type: "ValidationPassed" }],
    });
    expect(ensured.conditions?.at(-1)).toMatchObject({ type: "RestoreExecutorEnsured", status: "True" });
  });
  test("tells why a host failed, and why a hook did", () => {
    expect(change.failed(ensured, failing, moment)?.stats).toEqual([
      { hostname: "host-0", phase: "Failed", error: "it crashed", duration: "15s" },
    ]);
    const hooked = change.failed(reported, { ...failing, hasPostHook: true }, moment);
    expect(hooked?.conditions?.at(-1)).toMatchObject({ type: "PostRestoreHookExecutionSucceeded", status: "False" });
  });
  test("expires with and without a Job", () => {
    const late = { host: "host-0", message: "Too late." };
    expect(change.expired(waits, late, moment)?.stats).toBeUndefined();
    expect(change.expired(ensured, late, moment)?.stats).toMatchObject([{ phase: "Failed", error: "Too late." }]);
    expect(change.expired(reported, late, moment)?.stats).toMatchObject([{ phase: "Succeeded" }]);
  });
  test("ends once", () => {
    expect(change.finished(reported, metrics, moment)).toMatchObject({ phase: "Succeeded", sessionDuration: "15s" });
    const refused = change.refused(begun, "No.", moment) ?? {};
    expect(change.finished(refused, metrics, moment)).toMatchObject({ phase: "Failed" });
  });
});

describe("nothing is written", () => {
  const final: RestoreSessionStatus = { ...reported, phase: "Succeeded" };
  test.each([
    ["of what is missing still", () => change.held(waits, missing, moment)],
    ["of what is missing once it began", () => change.held(begun, missing, moment)],
    ["of beginning twice", () => change.begun(begun, found, moment)],
    ["of beginning what has a Job", () => change.begun(ensured, found, moment)],
    ["of a refusal when there is a Job", () => change.refused(ensured, "No.", moment)],
    ["of a failure over a result", () => change.failed(reported, failing, moment)],
    ["of a failure before it began", () => change.failed(waits, failing, moment)],
    ["after the end: a failure", () => change.failed(final, failing, moment)],
    ["after the end: a deadline", () => change.expired(final, { host: "host-0", message: "a" }, moment)],
    ["after the end: an end", () => change.finished(final, metrics, moment)],
  ])("%s", (_title, write) => expect(write()).toBeUndefined());
});
