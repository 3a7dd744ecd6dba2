import { Failure } from "../kit/failures.ts";

/**
 * Which of the account's streams the param `streams` means: names, and patterns with `*` (any characters) or `>` (the rest).
 * No name can hold either. Empty: all, which is an empty list for src/vault too. Throws `stream-not-found`.
 */
export function selectStreams(wanted: readonly string[], existing: readonly string[]): readonly string[] {
  if (wanted.length === 0 || wanted.some((each) => each === "*" || each === ">")) return [];
  const chosen = wanted.map((each) => ({ each, found: existing.filter(matcher(each)) }));
  const missing = chosen.filter(({ found }) => found.length === 0).map(({ each }) => each);
  if (missing.length > 0) {
    const there = existing.length === 0 ? "there are no streams" : `there are: ${shortened(existing)}`;
    throw new Failure("stream-not-found", `the account has no stream ${missing.join(", ")}`, {
      hint: `correct the param streams; ${there}`,
    });
  }
  return [...new Set(chosen.flatMap(({ found }) => found))];
}

function matcher(pattern: string): (name: string) => boolean {
  if (!/[*>]/.test(pattern)) return (name) => name === pattern;
  const parts = pattern.split(/[*>]+/).map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  const expression = new RegExp(`^${parts.join("[^]*")}$`);
  return (name) => expression.test(name);
}

const mostShown = 20;

function shortened(names: readonly string[]): string {
  const shown = names.slice(0, mostShown).join(", ");
  return names.length <= mostShown ? shown : `${shown} and ${names.length - mostShown} more`;
}
