import { describe, expect, test } from "vitest";
import { KubeFailure, refusalOf, unreachable, watchFailure } from "./failure.ts";

const action = "reading Secret demo/storage";

function said(status: number, fields: object): KubeFailure {
  return refusalOf({
    action,
    status,
    body: JSON.stringify({ kind: "Status", apiVersion: "v1", code: status, ...fields }),
  });
}

describe("a refusal", () => {
  test.each([
    ["404 of an object", 404, { reason: "NotFound", details: { name: "storage" } }, "object-not-found", "NotFound"],
    ["404 of a kind", 404, { reason: "NotFound", details: {} }, "object-not-found", "NotServed"],
    ["a name that is taken", 409, { reason: "AlreadyExists" }, "object-exists", "AlreadyExists"],
    ["an older version", 409, { reason: "Conflict" }, "object-changed", "Conflict"],
    ["a version that is gone", 410, { reason: "Gone" }, "cluster-refused", "Expired"],
    ["a wrong object", 422, { reason: "Invalid" }, "configuration-invalid", "Invalid"],
    ["wrong credentials", 401, { reason: "Unauthorized" }, "not-permitted", "Unauthorized"],
    ["a missing right", 403, { reason: "Forbidden" }, "not-permitted", "Forbidden"],
    ["a busy server", 429, { reason: "TooManyRequests" }, "cluster-refused", "TooManyRequests"],
    ["a defect of the server", 500, { reason: "InternalError" }, "cluster-refused", "InternalError"],
    ["a server that is not ready", 503, {}, "cluster-unreachable", "ServiceUnavailable"],
    ["a status of its own", 418, {}, "cluster-refused", "BadRequest"],
  ])("%s", (_title, status, fields, code, reason) => {
    expect(said(status, fields)).toMatchObject({ code, reason, status });
  });

  test.each([
    ["the server's message", JSON.stringify({ kind: "Status", message: "no" }), `${action}: no`],
    ["a plain text", "404 page\nnot found\n", `${action}: 404 page not found`],
    ["a proxy's page by its status alone", "<html>bad</html>", `${action}: the API server answered 502`],
    ["nothing likewise", "", `${action}: the API server answered 502`],
    ["a long text shortened", "x".repeat(1000), `${action}: ${"x".repeat(300)}`],
  ])("shows %s", (_title, body, message) => {
    expect(refusalOf({ action, status: 502, body }).message).toBe(message);
  });

  test.each([
    ["the header", "3", {}, 3000],
    ["the body", undefined, { details: { retryAfterSeconds: 2 } }, 2000],
    ["the header first", "3", { details: { retryAfterSeconds: 2 } }, 3000],
    ["neither", undefined, {}, undefined],
    ["a date, which no API server sends", "Sat, 21 Nov 2026 03:00:00 GMT", {}, undefined],
  ])("says how long to wait by %s", (_title, retryAfter, fields, retryAfterMs) => {
    const body = JSON.stringify({ kind: "Status", ...fields });
    expect(refusalOf({ action, status: 429, body, retryAfter }).retryAfterMs).toBe(retryAfterMs);
  });

  test("has hints for credentials, rights and missing kinds", () => {
    expect(said(401, {}).hint).toContain("credentials");
    expect(said(403, {}).hint).toContain("Role");
    expect(said(404, {}).hint).toContain("coldstream crds");
  });
});

describe("a request without an answer", () => {
  test("names the server and the cause", () => {
    const failure = unreachable(
      action,
      "https://one:6443",
      Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }),
    );
    expect(failure).toMatchObject({
      code: "cluster-unreachable",
      message: `${action}: https://one:6443: connect ECONNREFUSED`,
      reason: "Unreachable",
      status: 0,
    });
  });
  test("says when it is the certificate", () => {
    const failure = unreachable(
      action,
      "https://one:6443",
      Object.assign(new Error("x"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
    );
    expect(failure.hint).toContain("certificates");
  });
});

test("an error in a watch is a refusal", () => {
  const failure = watchFailure("watching pods", { kind: "Status", code: 410, reason: "Expired", message: "too old" });
  expect(failure).toMatchObject({ reason: "Expired", message: "watching pods: too old" });
  expect(watchFailure("watching pods", null)).toMatchObject({ status: 500 });
});

test("isReason knows its own failures only", () => {
  const failure = said(409, { reason: "Conflict" });
  expect(KubeFailure.isReason(failure, "AlreadyExists", "Conflict")).toBe(true);
  expect(KubeFailure.isReason(failure, "AlreadyExists")).toBe(false);
  expect(KubeFailure.isReason({ reason: "Conflict" }, "Conflict")).toBe(false);
});
