import type { ConditionNews } from "../../api/condition.ts";
import {
  type ConditionType,
  invokerConditions,
  sessionConditions,
  targetConditions,
} from "../../api/condition-types.ts";

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
