import { describe, type Failure } from "../kit/failures.ts";
import { visibleSentence } from "./visible.ts";

/** Long tails (a program's whole standard error) are for --verbose. */
const longestMessage = 600;

/** One line: what happened and why. */
export function failureMessage(failure: Failure): string {
  if (failure.code === "interrupted") return "interrupted; nothing half-done was left";
  const message = visibleSentence(describe(failure).replaceAll(/\s+/g, " ").trim());
  return message.length <= longestMessage ? message : `${message.slice(0, longestMessage)}...`;
}

/** `coldstream: what happened`, and what to do about it on a second line when that is known. */
export function failureLines(failure: Failure): string[] {
  const hint = visibleSentence(failure.hint ?? "");
  return [`coldstream: ${failureMessage(failure)}`, ...(hint === "" ? [] : [`  ${hint}`])];
}

/** For --verbose: the code, the chain of causes, and the stack of what nobody expected. */
export function failureBackground(failure: Failure): string[] {
  const lines = [`  code: ${failure.code}`];
  for (const [name, value] of Object.entries(failure.details)) {
    lines.push(`  ${visibleSentence(name)}: ${visibleSentence(String(value))}`);
  }
  for (let cause = failure.cause; cause instanceof Error; cause = cause.cause) {
    lines.push(
      ...cause.message.split("\n").map((line, at) => `  ${at === 0 ? "because: " : "  "}${visibleSentence(line)}`),
    );
  }
  if (failure.code !== "unexpected") return lines;
  const origin = failure.cause instanceof Error ? failure.cause : failure;
  return [...lines, ...(origin.stack ?? "").split("\n").map((line) => `  ${visibleSentence(line)}`)];
}

export interface FailureDocument {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** A failure in JSON output. */
export function failureDocument(failure: Failure): FailureDocument {
  return { code: failure.code, message: failureMessage(failure), hint: failure.hint || null };
}
