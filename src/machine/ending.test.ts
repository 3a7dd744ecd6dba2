import { describe, expect, test } from "vitest";
import { openEnding } from "./ending.ts";

const evicted = { reason: "Evicted", message: "full" };
const late = { reason: "DeadlineExceeded", message: "late" };
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("openEnding", () => {
  test("asks first, and forces when the grace is over", async () => {
    const ending = openEnding();
    ending.ask({ cause: evicted, graceMs: 30 });
    expect([ending.asked.aborted, ending.forced.aborted, ending.cause()]).toEqual([true, false, evicted]);
    await wait(60);
    expect(ending.forced.aborted).toBe(true);
  });

  test("keeps the first cause and the shorter grace", async () => {
    const ending = openEnding();
    ending.ask({ cause: late, graceMs: 60_000 });
    ending.ask({ cause: evicted, graceMs: 20 });
    ending.ask({ graceMs: 60_000 });
    await wait(60);
    expect([ending.cause(), ending.forced.aborted]).toEqual([late, true]);
  });

  test("has no cause when the pod was deleted before", () => {
    const ending = openEnding();
    ending.ask({ graceMs: 0 });
    ending.ask({ cause: evicted, graceMs: 0 });
    expect([ending.cause(), ending.forced.aborted]).toEqual([undefined, true]);
  });

  test("asks for nothing any more when all has ended", () => {
    const ending = openEnding();
    ending.close();
    ending.ask({ cause: evicted, graceMs: 0 });
    expect([ending.asked.aborted, ending.cause()]).toEqual([false, undefined]);
  });
});
