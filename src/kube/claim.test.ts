import { describe, expect, test } from "vitest";
import { mayTake, newLease, observe, releasedLease, takenLease } from "./claim.ts";
import type { Lease } from "./core.ts";

const now = new Date("2026-11-21T03:00:00Z");
const term = { identity: "us", durationMs: 15_000, now };

function lease(spec: NonNullable<Lease["spec"]>, resourceVersion = "1"): Lease {
  return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "l", resourceVersion }, spec };
}

const theirs = { holderIdentity: "them", leaseDurationSeconds: 15 };

describe("a lease", () => {
  test.each<[string, NonNullable<Lease["spec"]>, number, boolean]>([
    ["is free when nobody holds it", { ...theirs, holderIdentity: "" }, 0, true],
    ["is free when it never was held", {}, 0, true],
    ["is ours when it names us", { ...theirs, holderIdentity: "us" }, 0, true],
    ["is theirs while they renew it", theirs, 14_999, false],
    ["is free when they did not for as long as they said", theirs, 15_000, true],
    ["is theirs for as long as they said", { ...theirs, leaseDurationSeconds: 60 }, 59_999, false],
    ["is free when they said nothing", { holderIdentity: "them" }, 0, true],
    [
      "is theirs though its clock is a year behind",
      { ...theirs, renewTime: "2025-11-21T03:00:00.000000Z" },
      1_000,
      false,
    ],
    ["is free though its clock is a year ahead", { ...theirs, renewTime: "2027-11-21T03:00:00.000000Z" }, 15_000, true],
  ])("%s", (_title, spec, laterMs, expected) => {
    const found = lease(spec);
    const seen = observe(found, undefined, 1_000);
    expect(mayTake(found, seen, { identity: "us", nowMs: 1_000 + laterMs })).toBe(expected);
  });
  test("counts from when it changed last before our eyes", () => {
    const first = observe(lease(theirs, "1"), undefined, 0);
    const same = observe(lease(theirs, "1"), first, 10_000);
    const renewed = observe(lease(theirs, "2"), same, 12_000);
    expect([first, same, renewed].map(({ sinceMs }) => sinceMs)).toEqual([0, 0, 12_000]);
    expect(mayTake(lease(theirs, "2"), renewed, { identity: "us", nowMs: 26_000 })).toBe(false);
  });
});

describe("what is written", () => {
  test("to make one", () => {
    expect(newLease({ name: "l" }, term)["spec"]).toEqual({
      ...{ holderIdentity: "us", leaseDurationSeconds: 15, leaseTransitions: 0 },
      ...{ acquireTime: "2026-11-21T03:00:00.000000Z", renewTime: "2026-11-21T03:00:00.000000Z" },
    });
  });
  test("to take one", () => {
    const taken = takenLease(
      lease({ ...theirs, acquireTime: "2026-11-20T03:00:00.000000Z", leaseTransitions: 3 }),
      term,
    );
    expect(taken.spec).toMatchObject({
      holderIdentity: "us",
      acquireTime: "2026-11-21T03:00:00.000000Z",
      leaseTransitions: 4,
    });
  });
  test("to renew one", () => {
    const acquireTime = "2026-11-20T03:00:00.000000Z";
    const renewed = takenLease(lease({ ...theirs, holderIdentity: "us", acquireTime, leaseTransitions: 3 }), term);
    expect(renewed.spec).toMatchObject({ acquireTime, leaseTransitions: 3, renewTime: "2026-11-21T03:00:00.000000Z" });
  });
  test("to give one back", () => {
    expect(releasedLease(lease({ ...theirs, leaseTransitions: 3 }), now).spec).toMatchObject({
      ...{ holderIdentity: "", leaseDurationSeconds: 1, leaseTransitions: 3 },
    });
  });
});
