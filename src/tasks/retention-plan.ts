import type { RetentionPolicy } from "../api/retention-policy.ts";
import { Failure } from "../kit/failures.ts";
import { isDraft, isPublished, readTags, type Scope, scopeOf } from "../repository/published.ts";
import type { Snapshot } from "../repository/restic.ts";
import { decideRetention, type RetentionPolicy as Rules } from "../repository/retention.ts";

/** What the retention policy of an invoker removes. Other invokers' snapshots in the same repository are not looked at. */
export interface RetentionPlan {
  readonly keep: readonly Snapshot[];
  readonly remove: readonly Snapshot[];
  /** Uploads of earlier sessions that were never published. */
  readonly drafts: readonly Snapshot[];
}

type Listed = Snapshot;

export interface RetentionQuestion {
  readonly scope: Scope;
  readonly policy: RetentionPolicy;
  /** Of this session. */
  readonly created: Date;
  readonly now: Date;
}

/** Incomplete snapshots that stay while no complete one is newer. */
const incompleteKept = 3;

/** Throws `configuration-invalid` for a policy that keeps nothing. */
export function planRetention(snapshots: readonly Listed[], question: RetentionQuestion): RetentionPlan {
  const { scope, policy, now } = question;
  const decided = decideRetention(scopeOf(snapshots, scope), rulesOf(policy), { now });
  const complete = keepingNewest(decided);
  const newest = complete.keep[0];
  const incomplete = scopeOf(snapshots, scope, "incomplete").toSorted((a, b) => b.time.getTime() - a.time.getTime());
  const waiting = incomplete.filter(({ time }) => newest === undefined || time > newest.time).slice(0, incompleteKept);
  return {
    keep: [...complete.keep, ...waiting],
    remove: [...complete.remove, ...incomplete.filter((each) => !waiting.includes(each))],
    drafts: doneDrafts(snapshots, question),
  };
}

/** The last good snapshot stays whatever the policy says, as with restic. */
function keepingNewest({ keep, remove }: ReturnType<typeof decideRetention<Listed>>): {
  readonly keep: readonly Listed[];
  readonly remove: readonly Listed[];
} {
  if (keep.length > 0) return { keep: keep.map(({ snapshot }) => snapshot), remove };
  return { keep: remove.slice(0, 1), remove: remove.slice(1) };
}

function rulesOf(policy: RetentionPolicy): Rules {
  const { keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly, keepTags = [] } = policy;
  const counts = { keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly };
  // -1 is restic's word for all; passed over, it would remove what was to stay
  const given = Object.entries(counts).filter(([, count]) => count !== undefined && (count > 0 || count === -1));
  const tags = keepTags.filter((tag) => tag !== "");
  if (given.length === 0 && tags.length === 0) {
    throw new Failure("configuration-invalid", `the retention policy ${policy.name} keeps nothing`, {
      hint: "set at least one of keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly and keepTags",
    });
  }
  return { ...Object.fromEntries(given), ...(tags.length === 0 ? {} : { keepTags: tags }) };
}

/** A draft of an earlier session that is this old has nobody who would publish it. */
const draftKeptMs = 24 * 3600 * 1000;

function doneDrafts(snapshots: readonly Listed[], { scope, created, now }: RetentionQuestion): readonly Listed[] {
  const published = new Set(snapshots.filter(isPublished).map(({ original }) => original));
  const isOver = ({ time }: Listed) => time < created && now.getTime() - time.getTime() > draftKeptMs;
  return snapshots.filter((snapshot) => {
    const { target, invoker } = readTags(snapshot.tags);
    if (!isDraft(snapshot) || target !== scope.target || invoker !== scope.invoker) return false;
    return published.has(snapshot.id) || isOver(snapshot);
  });
}
