import { describe, expect, test } from "vitest";
import type { AnyObject } from "./cluster-kinds.ts";
import { look, parseWish } from "./wished-state.ts";

const session = (phase: string, kind = "BackupSession"): AnyObject => ({
  apiVersion: "v1",
  kind,
  metadata: { name: "x" },
  status: { phase, conditions: [{ type: "RepositoryFound", status: "False", message: "there is none" }] },
});

describe("what is waited for", () => {
  test.each([
    ["phase=Succeeded", session("Succeeded"), { is: "met" }],
    ["phase=Succeeded", session("Running"), { is: "not yet", now: "phase is Running" }],
    ["phase=Succeeded", session("Failed"), { is: "never", now: "phase is Failed" }],
    ["phase=Ready", session("NotReady", "BackupConfiguration"), { is: "not yet", now: "phase is NotReady" }],
    [
      "condition=RepositoryFound",
      session("Running"),
      { is: "not yet", now: "RepositoryFound is False: there is none" },
    ],
    ["condition=repositoryfound=false", session("Running"), { is: "met" }],
    ["condition=Other", session("Running"), { is: "not yet", now: "there is no condition Other" }],
    ["condition=Other", session("Succeeded"), { is: "never", now: "there is no condition Other" }],
    ["jsonpath={.status.phase}=Running", session("Running"), { is: "met" }],
    ["jsonpath={.status.phase}", session("Running"), { is: "met" }],
    ["jsonpath={.status.phase}=Succeeded", session("Failed"), { is: "never", now: "phase is Failed" }],
    ["jsonpath={.status.nothing}", session("Running"), { is: "not yet", now: "nothing is not set" }],
    ["delete", undefined, { is: "met" }],
    ["delete", session("Running"), { is: "not yet", now: "it is there" }],
    ["create", session("Running"), { is: "met" }],
    ["phase=Ready", undefined, { is: "not yet", now: "it is not there" }],
  ])("%s", (text, object, seen) => expect(look(parseWish(text), object)).toEqual(seen));

  test.each(["phase", "phase=", "condition", "ready", "jsonpath={.a[0]}=1", "jsonpath=a"])("is not %s", (text) =>
    expect(() => parseWish(text)).toThrow(/is nothing to wait for/),
  );
});
