import { expect, describe as group, test } from "vitest";
import { describe, Failure, type FailureCode, failureTable } from "./failures.ts";

/** What users' scripts rely on. A change here needs an ADR; a new code needs a line. */
const frozen: Readonly<Record<FailureCode, number>> = {
  unexpected: 1,
  "backup-failed": 1,
  "restore-failed": 1,
  "disk-full": 1,
  "jetstream-disabled": 1,
  "server-too-old": 1,
  "server-refused": 1,
  "snapshot-busy": 1,
  "snapshot-aborted": 1,
  "snapshot-incomplete": 1,
  "stream-changed": 1,
  "storage-unsupported": 1,
  "repository-failed": 1,
  "program-failed": 1,
  "cluster-refused": 1,
  "object-changed": 1,
  usage: 2,
  "configuration-invalid": 2,
  "credentials-unreadable": 2,
  "partly-done": 3,
  conflict: 4,
  "plan-refused": 4,
  "not-confirmed": 4,
  "repository-exists": 4,
  "not-available-yet": 4,
  "object-exists": 4,
  damaged: 5,
  "not-proven": 5,
  "repository-absent": 10,
  "repository-locked": 11,
  "password-wrong": 12,
  "repository-unreachable": 13,
  "stream-not-found": 14,
  "snapshot-not-found": 14,
  "object-not-found": 14,
  "program-missing": 15,
  "timed-out": 16,
  "server-unreachable": 20,
  "cluster-unreachable": 20,
  "not-permitted": 21,
  interrupted: 130,
};
const documented = [1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16, 20, 21, 130];
const codes = Object.keys(failureTable) as FailureCode[];

group("the table of failures", () => {
  test("keeps every code and its exit status", () => {
    expect(Object.fromEntries(codes.map((code) => [code, failureTable[code].exit]))).toEqual(frozen);
  });
  test("uses every documented exit status but 0, and no other", () => {
    const used = [...new Set(codes.map((code) => failureTable[code].exit))].sort((a, b) => a - b);
    expect(used).toEqual(documented);
  });
  test.each(codes)("%s: its hint reads like the others", (code) => {
    const { hint } = new Failure(code, "trying");
    expect(hint ?? "one line").toMatch(/^[a-z][^\n]*[^.\n]$|^add --/);
  });
});

group("Failure", () => {
  test("has the table's exit status and hint", () => {
    const failure = new Failure("repository-absent", "opening the repository");
    expect(failure).toMatchObject({ exit: 10, hint: "create it with: coldstream init", details: {}, name: "Failure" });
  });
  test("prefers its own hint", () => {
    expect(new Failure("usage", "reading options", { hint: "say which" }).hint).toBe("say which");
  });
  test("carries its cause and facts", () => {
    const cause = new Error("refused");
    const failure = new Failure("damaged", "checking", { cause, details: { stream: "ORDERS" } });
    expect(failure).toMatchObject({ cause, details: { stream: "ORDERS" } });
    expect("cause" in new Failure("damaged", "checking")).toBe(false);
  });
});

group("Failure.is", () => {
  const failure = new Failure("timed-out", "waiting");
  test.each([
    ["a failure, no code asked for", failure, [], true],
    ["its code", failure, ["timed-out"], true],
    ["one of several", failure, ["usage", "timed-out"], true],
    ["another code", failure, ["usage"], false],
    ["an ordinary error", new Error("timed-out"), [], false],
    ["something that looks like one", { code: "timed-out" }, ["timed-out"], false],
    ["nothing", undefined, [], false],
  ] as const)("%s", (_title, error, asked, answer) => expect(Failure.is(error, ...asked)).toBe(answer));
});

group("Failure.from", () => {
  const reason = new Failure("timed-out", "waiting for the server");
  test.each([
    ["a failure as it is", reason, "timed-out", "waiting for the server"],
    ["an abort as interrupted", new DOMException("aborted", "AbortError"), "interrupted", "interrupted"],
    ["an abort with a failure as its reason as that", aborted(reason), "timed-out", "waiting for the server"],
    ["a full disk", system("ENOSPC"), "disk-full", "no space left: ENOSPC: write"],
    ["a used-up quota", system("EDQUOT"), "disk-full", "no space left: EDQUOT: write"],
    ["another system error", system("EACCES"), "unexpected", "EACCES: write"],
    ["an ordinary error", new TypeError("x is not a function"), "unexpected", "x is not a function"],
    ["a thrown text", "oops", "unexpected", "oops"],
    ["a thrown undefined", undefined, "unexpected", "undefined"],
  ])("takes %s", (_title, error, code, message) => {
    expect(Failure.from(error)).toMatchObject({ code, message });
  });
  test("keeps what was thrown as the cause", () => {
    const error = new TypeError("x is not a function");
    expect(Failure.from(error).cause).toBe(error);
    expect(Failure.from(reason)).toBe(reason);
  });
});

group("describe", () => {
  test.each([
    ["one message", new Error("a"), "a"],
    ["messages and causes", new Error("a", { cause: new Error("b", { cause: new Error("c") }) }), "a: b: c"],
    ["a cause that was said already once", new Error("a: b", { cause: new Error("b") }), "a: b"],
    ["lines as one", new Error("a\n  b\n\nc"), "a b c"],
    ["an empty message as nothing", new Error("", { cause: new Error("b") }), "b"],
    ["a cause that is no error as nothing", new Error("a", { cause: "b" }), "a"],
    ["a thrown text", "oops", "oops"],
  ])("writes %s", (_title, error, text) => expect(describe(error)).toBe(text));
});

function aborted(reason: Failure): Error {
  const error = new Error("aborted", { cause: reason });
  error.name = "AbortError";
  return error;
}

function system(code: string): Error {
  return Object.assign(new Error(`${code}: write`), { code });
}
