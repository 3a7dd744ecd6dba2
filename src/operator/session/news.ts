import type { ConditionNews } from "../../api/condition.ts";
import {
  type ConditionType,
  invokerConditions,
  sessionConditions,
  targetConditions,
} from "../../api/condition-types.ts";
import { describe, Failure } from "../../kit/failures.ts";

/** A condition with the reason that belongs to its state. */
export function newsOf(type: ConditionType, status: ConditionNews["status"], message: string): ConditionNews {
  const table: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    ...invokerConditions,
    ...sessionConditions,
    ...targetConditions,
  };
  const reason = table[type]?.[status.toLowerCase()];
  if (reason === undefined) throw new TypeError(`${type} has no reason for ${status}`);
  return { type, status, reason, message };
}

/** Failures hold half sentences, conditions whole ones. */
export function sentenceOf(error: unknown): string {
  const hint = Failure.is(error) ? error.hint : undefined;
  const text = [describe(error), ...(hint === undefined ? [] : [hint])].join(": ");
  const capital = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
