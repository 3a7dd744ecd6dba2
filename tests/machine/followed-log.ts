import { startProgram } from "../../src/kit/program.ts";
import type { KubectlTarget } from "../support/kubectl.ts";
import { findProgram } from "../support/programs.ts";

export interface FollowedLog extends AsyncDisposable {
  /** All of it, once it has ended. */
  readonly whole: Promise<string>;
}

/** Runs a kubectl that follows a log; resolves when its first line has come. */
export async function followLog({ kubeconfig, folder }: KubectlTarget, args: readonly string[]): Promise<FollowedLog> {
  const first = Promise.withResolvers<void>();
  let text = "";
  const program = await startProgram(findProgram("kubectl") ?? "kubectl", args, {
    env: { PATH: "/usr/bin:/bin", HOME: folder, KUBECONFIG: kubeconfig },
    onStdoutLine(line) {
      text += `${line}\n`;
      first.resolve();
    },
  });
  const whole = program.ended.then(({ exitCode, stderr }) => {
    if (exitCode === 0) return text;
    throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  });
  whole.then(() => first.reject(new Error(`kubectl ${args.join(" ")}: no line`)), first.reject);
  await first.promise;
  return { whole, [Symbol.asyncDispose]: program.stop };
}
