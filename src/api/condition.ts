import { z } from "zod";
import { formatTime } from "../kit/quantities.ts";
import type { ConditionType } from "./condition-types.ts";
import { Time } from "./structural.ts";

export const Condition = z.object({
  type: z.string().describe("What this is about, for example RepositoryFound."),
  status: z.string().describe("True, False or Unknown."),
  reason: z.string().optional().describe("Why, in one word for programs."),
  message: z.string().optional().describe("Why, in a sentence for people."),
  severity: z.string().optional(),
  observedGeneration: z.int().optional().describe("The generation of the object that this was seen on."),
  lastTransitionTime: Time.describe("When status, reason or message changed last."),
});
export type Condition = z.infer<typeof Condition>;
export const Conditions = z.array(Condition).describe("What has been found and done so far.");

export interface ConditionNews {
  readonly type: ConditionType;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** `conditions` with `news` in it. The time moves when status, reason or message changes (Stash's rule: not only on a flip). */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  news: ConditionNews,
  now: Date,
): readonly Condition[] {
  const before = conditions ?? [];
  const old = before.find(({ type }) => type === news.type);
  if (old?.status === news.status && old.reason === news.reason && old.message === news.message) return before;
  const entry = { ...news, lastTransitionTime: formatTime(now) };
  return old === undefined ? [...before, entry] : before.map((each) => (each === old ? entry : each));
}

/** The status of a condition; undefined when it was never set. */
export function statusOf(conditions: readonly Condition[] | undefined, type: ConditionType): string | undefined {
  return conditions?.find((each) => each.type === type)?.status;
}
