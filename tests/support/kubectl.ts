import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../../src/kit/program.ts";
import { findProgram } from "./programs.ts";

/** What kubectl is pointed at: a real control plane, or our own API server. */
export interface KubectlTarget {
  /** Path of a kubeconfig. */
  readonly kubeconfig: string;
  /** kubectl's home: its caches lie there. */
  readonly folder: string;
}

export interface KubectlEnd {
  readonly stdout: string;
  readonly stderr: string;
  /** -1 when a signal ended it. */
  readonly exit: number;
}

export interface KubectlOptions {
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs kubectl to its end, with `input` in place of `-` after `-f`. An exit status is a value. */
export async function kubectl(
  { kubeconfig, folder }: KubectlTarget,
  args: readonly string[],
  { input, signal, env: more = {} }: KubectlOptions = {},
): Promise<KubectlEnd> {
  const program = findProgram("kubectl");
  if (program === undefined) throw new Error("kubectl is missing: run npm run setup -- --tests");
  const file = join(folder, `input-${randomUUID()}.yaml`);
  if (input !== undefined) await writeFile(file, input);
  const given = args.map((argument) => (argument === "-" && input !== undefined ? file : argument));
  const env = { PATH: "/usr/bin:/bin", HOME: folder, KUBECONFIG: kubeconfig, ...more };
  try {
    const { stdout, stderr, exitCode } = await runProgram(program, given, { env, cwd: folder, signal });
    return { stdout, stderr, exit: exitCode ?? -1 };
  } finally {
    await rm(file, { force: true });
  }
}
