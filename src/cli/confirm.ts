import { createInterface } from "node:readline/promises";
import { Failure } from "../kit/failures.ts";
import type { CommandContext } from "./command.ts";

interface Terminal {
  readonly isTTY?: boolean;
}

/** Asks on the terminal; without one nobody can answer. Ctrl-C while asking is an interruption. */
export function confirmOn(
  input: NodeJS.ReadableStream & Terminal,
  output: NodeJS.WritableStream & Terminal,
  signal: AbortSignal,
): CommandContext["confirm"] {
  return async (question) => {
    if (input.isTTY !== true || output.isTTY !== true) return "no-terminal";
    using lines = createInterface({ input, output });
    const interrupted = new AbortController();
    lines.once("SIGINT", () => interrupted.abort(new Failure("interrupted", "interrupted")));
    // Ctrl-D ends the input, and the question would wait for ever
    const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    const asked = lines.question(`${question} [y/N] `, { signal: AbortSignal.any([signal, interrupted.signal]) });
    const answer = await Promise.race([asked, ended]);
    return /^y(es)?$/i.test(answer.trim()) ? "yes" : "no";
  };
}

/** Goes on only when `--yes` was given or a person agreed. */
export async function requireConfirmation(
  context: CommandContext,
  { yes, question }: { readonly yes: boolean; readonly question: string },
): Promise<void> {
  if (yes) return;
  const answer = await context.confirm(question);
  if (answer === "no-terminal") {
    throw new Failure("not-confirmed", "this needs a confirmation, and there is no terminal to ask on");
  }
  if (answer === "no") throw new Failure("not-confirmed", "not confirmed", { hint: "nothing was changed" });
}
