import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { makeWorkbench, programEnvironment, type Workbench } from "../../tests/support/restic.ts";
import { runProgram } from "../kit/program.ts";
import type { Snapshot } from "./restic.ts";
import { decideRetention, parseSpan, type RetentionPolicy } from "./retention.ts";

const at = (time: string, ...tags: string[]) => ({ time: new Date(time), tags });
type Taken = ReturnType<typeof at>;

function kept(snapshots: readonly Taken[], policy: RetentionPolicy, now?: Date): string[] {
  return decideRetention(snapshots, policy, now === undefined ? {} : { now }).keep.map(({ snapshot }) =>
    snapshot.time.toISOString().slice(0, 16),
  );
}

describe("rules", () => {
  const night = [
    at("2026-03-01T22:00Z"),
    at("2026-03-01T23:00Z"),
    at("2026-03-02T00:30Z"),
    at("2026-03-02T00:40Z", "keep"),
  ];

  test.each<[string, RetentionPolicy, string[]]>([
    ["no rule keeps all", {}, ["2026-03-02T00:40", "2026-03-02T00:30", "2026-03-01T23:00", "2026-03-01T22:00"]],
    [
      "zeros are no rules",
      { keepLast: 0, keepTags: [], keepWithin: "" },
      ["2026-03-02T00:40", "2026-03-02T00:30", "2026-03-01T23:00", "2026-03-01T22:00"],
    ],
    ["the last ones", { keepLast: 2 }, ["2026-03-02T00:40", "2026-03-02T00:30"]],
    ["the newest of each day", { keepDaily: 1 }, ["2026-03-02T00:40"]],
    [
      "the oldest, while counts are left",
      { keepDaily: 5 },
      ["2026-03-02T00:40", "2026-03-01T23:00", "2026-03-01T22:00"],
    ],
    ["-1 is all days", { keepDaily: -1 }, ["2026-03-02T00:40", "2026-03-01T23:00", "2026-03-01T22:00"]],
    ["hours", { keepHourly: 2 }, ["2026-03-02T00:40", "2026-03-01T23:00"]],
    ["a tag", { keepTags: ["keep"] }, ["2026-03-02T00:40"]],
    ["all of a list of tags", { keepTags: ["keep,other"] }, []],
    ["a span back from the newest", { keepWithin: "2h" }, ["2026-03-02T00:40", "2026-03-02T00:30", "2026-03-01T23:00"]],
  ])("%s", (_title, policy, expected) => {
    expect(kept(night, policy)).toEqual(expected);
  });

  test("weeks are ISO weeks: the last days of December may lie in week 1", () => {
    const days = [at("2025-12-28T12:00Z"), at("2025-12-29T12:00Z"), at("2026-01-04T12:00Z"), at("2026-01-05T12:00Z")];
    expect(kept(days, { keepWeekly: 3 })).toEqual(["2026-01-05T12:00", "2026-01-04T12:00", "2025-12-28T12:00"]);
  });

  test("a snapshot from the future is kept, but nothing is counted back from it", () => {
    const days = [at("2026-01-01T00:00Z"), at("2026-01-10T00:00Z"), at("2030-01-01T00:00Z")];
    const now = new Date("2026-01-11T00:00Z");
    expect(kept(days, { keepWithin: "1d" }, now)).toEqual(["2030-01-01T00:00", "2026-01-10T00:00"]);
    expect(kept(days, { keepWithin: "1d" })).toEqual(["2030-01-01T00:00"]);
  });

  test("says why, and decides about nothing", () => {
    const [only] = decideRetention(night, { keepLast: 1, keepYearly: 1, keepTags: ["keep"] }).keep;
    expect(only?.reasons).toEqual(["has tags [keep]", "last snapshot", "yearly snapshot"]);
    expect(decideRetention([], { keepLast: 1 })).toEqual({ keep: [], remove: [] });
  });

  test.each([["2 days"], ["1w"], ["d"], ["-1d"]])("refuses the span %j", (span) => {
    expect(() => parseSpan(span)).toThrow(expect.objectContaining({ code: "configuration-invalid" }));
  });

  test.each([[-2], [1.5], [Number.NaN]])("refuses to keep %d", (count) => {
    expect(() => kept(night, { keepLast: count })).toThrow(expect.objectContaining({ code: "configuration-invalid" }));
  });
});

const Groups = z.array(
  z.object({
    keep: z.array(z.object({ id: z.string() })).nullable(),
    remove: z.array(z.object({ id: z.string() })).nullable(),
    reasons: z.array(z.object({ snapshot: z.object({ id: z.string() }), matches: z.array(z.string()) })).nullable(),
  }),
);

/** Seconds between neighbours, from minutes to half a year, so that every kind of period gets hits and gaps. */
const gaps = [60, 600, 1_800, 3_600, 7_200, 40_000, 86_400, 90_000, 300_000, 604_800, 1_500_000, 5_000_000, 16_000_000];

describe("decides as restic does", () => {
  const seed = 20261121;
  let bench: Workbench;
  let snapshots: Snapshot[];

  beforeAll(async () => {
    bench = await makeWorkbench();
    const repository = bench.open();
    await bench.write({ "a.txt": "a" });
    await repository.initialize({});
    const times = randomTimes(36);
    const store = async (part: number) => {
      for (const [index, time] of times.entries()) {
        if (index % 3 !== part) continue;
        const tags = [...(index % 5 === 0 ? ["a"] : []), ...(index % 7 === 0 ? ["b"] : [])];
        await repository.backup({ directory: bench.source, host: `host-${index % 2}`, tags, time }, {});
      }
    };
    await Promise.all([store(0), store(1), store(2)]);
    snapshots = await repository.snapshots({}, {});
  }, 120_000);
  afterAll(async () => await bench[Symbol.asyncDispose]());

  function randomTimes(count: number): Date[] {
    let state = seed;
    const next = (limit: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    let seconds = Date.UTC(2019, 11, 28, 23, 30) / 1000;
    return Array.from({ length: count }, () => {
      seconds += (gaps[next(gaps.length)] ?? 1) + next(300);
      return new Date(seconds * 1000);
    });
  }

  function flags(policy: RetentionPolicy): string[] {
    return Object.entries(policy).flatMap(([name, value]) => {
      const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      return name === "keepTags"
        ? (value as string[]).map((tag) => `--keep-tag=${tag}`)
        : [`${flag}=${value === -1 ? "unlimited" : String(value)}`];
    });
  }

  test.each<[RetentionPolicy]>([
    [{ keepLast: 5 }],
    [{ keepHourly: 7, keepDaily: 4 }],
    [{ keepDaily: 9, keepWeekly: 6, keepMonthly: 5, keepYearly: 3 }],
    [{ keepYearly: 75, keepTags: ["a,b", "b"] }],
    [{ keepMonthly: -1 }],
    [{ keepWithin: "1y2m3d4h" }],
    [
      {
        keepWithinHourly: "30d",
        keepWithinDaily: "3m",
        keepWithinWeekly: "1y",
        keepWithinMonthly: "3y",
        keepWithinYearly: "99y",
      },
    ],
    [{ keepLast: 1, keepWeekly: 52, keepWithin: "13m" }],
  ])(`seed ${seed}: %j`, async (policy) => {
    const env = {
      ...programEnvironment(bench.directory),
      ...{ TZ: "UTC", RESTIC_PASSWORD: "correct horse", RESTIC_REPOSITORY: join(bench.directory, "repository") },
    };
    const args = ["forget", "--dry-run", "--json", "--no-lock", "--group-by=", ...flags(policy)];
    const { stdout, stderr } = await runProgram("restic", args, { env });
    expect(stderr).toBe("");
    const [group] = Groups.parse(JSON.parse(stdout));
    const ours = decideRetention(snapshots, policy, { now: new Date() });
    const reasons = Object.fromEntries(ours.keep.map(({ snapshot, reasons: why }) => [snapshot.id, why]));
    expect(ours.keep.map(({ snapshot }) => snapshot.id)).toEqual(group?.keep?.map(({ id }) => id));
    expect(ours.remove.map(({ id }) => id)).toEqual((group?.remove ?? []).map(({ id }) => id));
    expect(reasons).toEqual(
      Object.fromEntries((group?.reasons ?? []).map(({ snapshot, matches }) => [snapshot.id, matches])),
    );
  });
});
