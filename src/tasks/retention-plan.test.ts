import { describe, expect, test } from "vitest";
import type { RetentionPolicy } from "../api/retention-policy.ts";
import { draftHost, snapshotTags } from "../repository/published.ts";
import type { Snapshot } from "../repository/restic.ts";
import { planRetention } from "./retention-plan.ts";

const scope = {
  host: "host-0",
  target: "appbinding/demo/sample-nats",
  invoker: "backupconfiguration/demo/nightly",
  stashPath: "/stash-interim-volume/data",
};
const own = (complete = true) => snapshotTags({ ...scope, complete });
const now = new Date("2026-11-21T12:00:00Z");

/** `day`: of November 2026. */
function snapshot(id: string, day: number, more: Partial<Snapshot> = {}): Snapshot {
  const time = new Date(Date.UTC(2026, 10, day, 3));
  return { id, shortId: id, time, host: "host-0", tags: own(), paths: ["/x"], tree: "t", ...more };
}

function plan(snapshots: readonly Snapshot[], policy: Partial<RetentionPolicy>) {
  const whole = { name: "test", prune: true, ...policy };
  const { keep, remove, drafts } = planRetention(snapshots, { scope, policy: whole, created: now, now });
  const ids = (list: readonly Snapshot[]) => list.map(({ id }) => id).sort();
  return { keep: ids(keep), remove: ids(remove), drafts: ids(drafts) };
}

describe("retention", () => {
  const three = [snapshot("a", 18), snapshot("b", 19), snapshot("c", 20)];
  test.each([
    ["keeps the last", three, { keepLast: 2 }, ["a"]],
    ["keeps all while there are few", three, { keepLast: 5 }, []],
    ["takes 0 for no rule", three, { keepLast: 1, keepDaily: 0 }, ["a", "b"]],
    ["takes -1 for all", three, { keepLast: 1, keepDaily: -1 }, []],
    [
      "keeps by tag",
      [snapshot("a", 18, { tags: [...own(), "gold"] }), ...three.slice(1)],
      { keepLast: 1, keepTags: ["gold"] },
      ["b"],
    ],
    ["keeps the newest whatever the policy says", three, { keepTags: ["gold"] }, ["a", "b"]],
    [
      "leaves other invokers, targets and hosts alone",
      [
        snapshot("i", 17, { tags: snapshotTags({ ...scope, invoker: "cli", complete: true }) }),
        snapshot("t", 17, { tags: snapshotTags({ ...scope, target: "appbinding/demo/other", complete: true }) }),
        snapshot("h", 17, { host: "host-1" }),
        snapshot("p", 17, { host: "proof.coldstream" }),
        ...three,
      ],
      { keepLast: 1 },
      ["a", "b"],
    ],
    [
      "takes Stash's of the same host and path for its own",
      [
        snapshot("s", 1, { tags: [], paths: ["/stash-interim-volume/data"] }),
        snapshot("o", 1, { tags: [], paths: ["/elsewhere"] }),
        ...three,
      ],
      { keepLast: 3 },
      ["s"],
    ],
    [
      "removes incomplete ones when a complete one is newer",
      [snapshot("x", 19, { tags: own(false) }), snapshot("c", 20)],
      { keepLast: 1 },
      ["x"],
    ],
    [
      "keeps three incomplete ones that are newer than the last complete one",
      [snapshot("c", 10), ...[11, 12, 13, 14].map((day) => snapshot(`x${day}`, day, { tags: own(false) }))],
      { keepLast: 1 },
      ["x11"],
    ],
  ])("%s", (_title, snapshots, policy, removed) => {
    const { keep, remove } = plan(snapshots, policy);
    expect(remove).toEqual(removed);
    expect(keep.filter((id) => removed.includes(id))).toEqual([]);
  });

  test.each([
    ["one that was published", { host: draftHost }, snapshot("c", 20, { original: "d" }), ["d"]],
    ["one of long ago", { host: draftHost, time: new Date("2026-11-19T03:00:00Z") }, snapshot("c", 20), ["d"]],
    ["not one of today", { host: draftHost, time: new Date("2026-11-21T03:00:00Z") }, snapshot("c", 20), []],
    [
      "not another invoker's",
      { host: draftHost, time: new Date(0), tags: snapshotTags({ ...scope, invoker: "cli", complete: true }) },
      snapshot("c", 20),
      [],
    ],
  ])("removes drafts: %s", (_title, draft, other, removed) => {
    expect(plan([snapshot("d", 20, draft), other], { keepLast: 5 }).drafts).toEqual(removed);
  });

  test("a policy that keeps nothing is a mistake", () => {
    expect(() => plan(three, {})).toThrow("the retention policy test keeps nothing");
    expect(() => plan(three, { keepLast: 0, keepTags: [""] })).toThrow("keeps nothing");
  });
});
