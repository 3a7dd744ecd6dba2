import { describe, expect, test } from "vitest";
import { refusalOf, unreachable } from "./failure.ts";
import { type End, resume, type Streak } from "./resumption.ts";

const answered = (status: number, retryAfter?: string) => refusalOf({ action: "x", status, body: "", retryAfter });
const dropped = unreachable("x", "https://one", new Error("reset"));
const fresh: Streak = { failures: 0, quiet: 0 };
const bad: Streak = { failures: 4, quiet: 0 };
const end = (fields: Partial<End>): End => ({ error: undefined, wasHeard: false, lastedMs: 10, ...fields });

describe("a watch that ended", () => {
  test.each<[string, Partial<End>, Streak, object]>([
    [
      "goes on at once when all was well",
      { wasHeard: true, lastedMs: 300_000 },
      bad,
      { relist: false, pauseMs: 200, streak: fresh, isTrouble: false },
    ],
    [
      "goes on at once after it was dropped",
      { wasHeard: true, error: dropped },
      bad,
      { relist: false, pauseMs: 200, streak: fresh, isTrouble: true },
    ],
    [
      "goes on at once after a quiet time",
      { lastedMs: 300_000 },
      bad,
      { relist: false, pauseMs: 200, streak: { failures: 0, quiet: 1 }, isTrouble: false },
    ],
    [
      "lists after two quiet times",
      { lastedMs: 75_000, error: dropped },
      { failures: 0, quiet: 1 },
      { relist: true, pauseMs: 200, streak: fresh },
    ],
    [
      "waits when it ends at once",
      {},
      fresh,
      { relist: false, pauseMs: 250, streak: { failures: 1, quiet: 0 }, isTrouble: true },
    ],
    [
      "waits longer and longer",
      { error: answered(500) },
      bad,
      { relist: false, pauseMs: 4_000, streak: { failures: 5, quiet: 0 } },
    ],
    ["waits ten seconds at most", { error: dropped }, { failures: 50, quiet: 0 }, { pauseMs: 10_000 }],
    ["waits as long as the server says", { error: answered(429, "20") }, fresh, { relist: false, pauseMs: 24_000 }],
    ["but not for hours", { error: answered(429, "9999") }, fresh, { pauseMs: 72_000 }],
    [
      "lists when its version is gone",
      { error: answered(410) },
      fresh,
      { relist: true, pauseMs: 200, streak: { failures: 1, quiet: 0 } },
    ],
    [
      "lists when its version is gone after some events",
      { error: answered(410), wasHeard: true },
      fresh,
      { relist: true, pauseMs: 200 },
    ],
    [
      "lists less often when that does not help",
      { error: answered(410) },
      bad,
      { relist: true, pauseMs: 2_000, streak: { failures: 5, quiet: 0 } },
    ],
    ["lists when its version is none", { error: answered(400) }, fresh, { relist: true }],
    [
      "goes on when it may not watch for now",
      { error: answered(403) },
      fresh,
      { relist: false, pauseMs: 250, isTrouble: true },
    ],
  ])("%s", (_title, fields, streak, expected) => {
    expect(resume(end(fields), streak, 1)).toMatchObject(expected);
  });

  test("is never resumed by all at once", () => {
    expect(resume(end({ error: dropped }), bad, 0).pauseMs).toBe(2_000);
    expect(resume(end({ wasHeard: true }), bad, 0).pauseMs).toBe(0);
  });
});
