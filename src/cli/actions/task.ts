import { jsonLog } from "../../kit/log.ts";
import { runTask as runProgram } from "../../tasks/task.ts";
import type { CommandContext, Outcome } from "../command.ts";

export async function runTask({ signal }: CommandContext, operands: readonly string[]): Promise<Outcome> {
  const [name = "", ...flags] = operands;
  const log = jsonLog(
    (line) => process.stderr.write(line),
    () => new Date(),
  );
  return await runProgram(name, flags, { log, signal });
}
