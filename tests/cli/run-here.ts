import { spawn } from "node:child_process";
import { join } from "node:path";
import { environmentOf } from "../../src/cli/environment.ts";
import { MemorySink } from "../../src/cli/memory-sink.ts";
import { run } from "../../src/cli/run.ts";

/** A command line without a process of its own, words split at spaces. Nobody is there to answer questions. */
export async function runHere(
  line: string,
  variables: Readonly<Record<string, string>>,
  folder: string,
  signal: AbortSignal = new AbortController().signal,
) {
  const [stdout, stderr] = [new MemorySink(), new MemorySink()];
  const exit = await run(line.split(" ").filter(Boolean), {
    ...{ stdout, stderr, signal, version: "0" },
    environment: environmentOf({ ...variables }, folder),
    confirm: async () => "no-terminal",
  });
  return { exit, stdout: stdout.text, stderr: stderr.text };
}

export interface Heard {
  readonly variables: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Called with everything that standard output said so far. */
  readonly onStdout?: (text: string, kill: (signal: NodeJS.Signals) => void) => unknown;
}

/** One with a process of its own, which gets signals and standard input. */
export async function runApart(line: string, folder: string, { variables, input = "", onStdout }: Heard) {
  const program = join(import.meta.dirname, "../../bin/coldstream");
  const env = { PATH: process.env["PATH"], HOME: folder, ...variables };
  const child = spawn(program, line.split(" ").filter(Boolean), { env, cwd: folder });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString("utf8");
    onStdout?.(stdout, (signal) => child.kill(signal));
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const exit = await new Promise<number | null>((resolve, reject) => child.on("close", resolve).on("error", reject));
  return { exit, stdout, stderr };
}
