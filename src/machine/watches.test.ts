import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openEnding } from "./ending.ts";
import { MachinePod } from "./pod.ts";
import { watchDeadline } from "./watches.ts";

const hourMs = 3_600_000;
const metadata = { name: "pod-1", namespace: "demo", uid: "u-1" };
const spec = { activeDeadlineSeconds: 3600, containers: [] };
const pod = MachinePod.parse({ apiVersion: "v1", kind: "Pod", metadata, spec });

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(() => void vi.useRealTimers());

test.each([
  ["is left alone before its deadline", { goesOnMs: 0, passMs: hourMs - 1 }, undefined],
  ["is ended at it", { goesOnMs: 0, passMs: hourMs }, "DeadlineExceeded"],
  ["is ended soon after the machine slept over it", { goesOnMs: 8 * hourMs, passMs: 60_000 }, "DeadlineExceeded"],
  ["is left its time when the clock was set back", { goesOnMs: -hourMs, passMs: hourMs }, undefined],
])("a pod %s", async (_title, { goesOnMs, passMs }, expected) => {
  const ending = openEnding();
  const stop = watchDeadline(pod, { startTime: new Date(), ending });
  vi.setSystemTime(Date.now() + goesOnMs);
  await vi.advanceTimersByTimeAsync(passMs);
  expect(ending.cause()?.reason).toBe(expected);
  stop();
  ending.close();
});
