import { describe, Failure } from "../kit/failures.ts";
import { runProgram } from "../kit/program.ts";
import type { Environment } from "./environment.ts";

/**
 * What the command prints, as restic reads it. Run once and from the folder the person is in: restic runs it for each
 * of its processes, and from other folders.
 */
export async function readPasswordFrom(
  command: string,
  { variables, workingFolder }: Environment,
  signal: AbortSignal,
): Promise<string> {
  const [program = "", ...args] = splitWords(command);
  const env = Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const end = await runProgram(program, args, { env, cwd: workingFolder, signal }).catch((error: unknown) => {
    if (Failure.is(error, "interrupted")) throw error;
    throw failed(describe(error), error);
  });
  const why = end.stderr.trim().split("\n").at(-1) ?? "";
  if (end.exitCode !== 0) throw failed(`it ended with ${end.exitCode ?? end.killedBy}${why === "" ? "" : `: ${why}`}`);
  const password = end.stdout.trim();
  if (password === "") throw failed("it printed nothing");
  return password;
}

function failed(why: string, cause?: unknown): Failure {
  return new Failure("credentials-unreadable", `running the repository's password command: ${why}`, {
    cause,
    hint: "the command must print the password; it is run without a shell",
  });
}

/** Words as restic splits them: at spaces, but not within quotes; a backslash takes the next character as it is. */
export function splitWords(command: string): string[] {
  const words: string[] = [];
  const pattern = /\s*((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+)/gsy;
  let at = 0;
  for (const [whole, word = ""] of command.matchAll(pattern)) {
    at += whole.length;
    words.push(
      word.replaceAll(/"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs, (_all, double, single, escaped) =>
        double === undefined ? (single ?? escaped) : String(double).replaceAll(/\\(.)/gs, "$1"),
      ),
    );
  }
  if (words.length > 0 && command.slice(at).trim() === "") return words;
  throw new Failure(
    "usage",
    `the repository's password command ${words.length === 0 ? "is empty" : "has a quote that does not end"}`,
  );
}
