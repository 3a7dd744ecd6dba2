import { describe, expect, test } from "vitest";
import { pauseBefore } from "./attempts.ts";
import { refusalOf, unreachable } from "./failure.ts";

function answered(status: number, retryAfter?: string) {
  return refusalOf({ action: "x", status, body: "", retryAfter });
}

function broken(code: string) {
  return unreachable("x", "https://one", Object.assign(new Error(code), { code }));
}

describe("a request is sent again", () => {
  test.each([
    ["GET that was turned away", "GET", answered(429)],
    ["POST that was turned away", "POST", answered(429)],
    ["GET that found nobody", "GET", broken("ECONNREFUSED")],
    ["POST that found nobody", "POST", broken("ECONNREFUSED")],
    ["GET whose connection broke", "GET", broken("ECONNRESET")],
    ["GET without an answer", "GET", broken("ETIMEDOUT")],
    ["GET of a server that is not ready", "GET", answered(503)],
    ["PUT when told to wait", "PUT", answered(503, "1")],
    ["PATCH when told to wait", "PATCH", answered(500, "1")],
    ["DELETE when told to wait", "DELETE", answered(504, "1")],
  ])("%s", (_title, method, failure) => {
    expect(pauseBefore({ method, tries: 1, failure, chance: 0 })).toBeGreaterThan(0);
  });
});

describe("a request is not sent again", () => {
  test.each([
    ["POST that may have been carried out", "POST", broken("ECONNRESET")],
    ["PUT whose connection broke", "PUT", broken("ECONNRESET")],
    ["POST that is told to wait after it was begun", "POST", answered(503, "1")],
    ["PUT of a server that is not ready", "PUT", answered(503)],
    ["GET that the server cannot answer", "GET", answered(500)],
    ["GET of a name that nobody knows", "GET", broken("ENOTFOUND")],
    ["GET of a server that is not trusted", "GET", broken("DEPTH_ZERO_SELF_SIGNED_CERT")],
    ["a refusal", "GET", answered(403)],
    ["a conflict", "PUT", answered(409)],
    ["something else", "GET", new Error("defect")],
  ])("%s", (_title, method, failure) => {
    expect(pauseBefore({ method, tries: 1, failure, chance: 0 })).toBeUndefined();
  });
});

describe("the pause", () => {
  const failure = answered(429);
  test.each([
    [1, 0, 50],
    [1, 1, 100],
    [3, 1, 400],
    [20, 1, 5000],
    [2000, 1, 5000],
  ])("after %i tries, by chance %d, is %i ms", (tries, chance, pause) => {
    expect(pauseBefore({ method: "GET", tries, failure, chance })).toBe(pause);
  });
  test("is at least what the server asked for, and not the same for all", () => {
    expect(pauseBefore({ method: "GET", tries: 1, failure: answered(429, "2"), chance: 0 })).toBe(2000);
    expect(pauseBefore({ method: "GET", tries: 1, failure: answered(429, "2"), chance: 1 })).toBe(2400);
  });
});
