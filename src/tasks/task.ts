import { isTaskProgram, parseTaskFlags, type TaskFlags, type TaskProgram, taskPrograms } from "../api/task-flags.ts";
import { Failure } from "../kit/failures.ts";
import type { Log } from "../kit/log.ts";
import { openContext, type TaskContext } from "./context.ts";
import { createBackupSession } from "./create-backupsession.ts";
import { readTaskEnvironment } from "./environment.ts";
import { natsBackup } from "./nats-backup.ts";
import { natsRestore } from "./nats-restore.ts";
import { runHook } from "./run-hook.ts";
import { updateSessionStatus } from "./update-status.ts";
import { wipeOut } from "./wipe-out.ts";

/** What is still wrong after a program ended well otherwise. */
export type TaskOutcome = Failure | undefined;

type Program<Name extends TaskProgram> = (context: TaskContext, flags: TaskFlags<Name>) => Promise<TaskOutcome>;

const programs: { readonly [Name in TaskProgram]?: Program<Name> } = {
  "create-backupsession": createBackupSession,
  "nats-backup": natsBackup,
  "nats-restore": natsRestore,
  "run-hook": runHook,
  "update-status": updateSessionStatus,
  "wipe-out": wipeOut,
};

export interface TaskRun {
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Runs one of the programs that Jobs run, with flags as Functions write them. Throws Failures. */
export async function runTask(name: string, argv: readonly string[], run: TaskRun): Promise<TaskOutcome> {
  if (!isTaskProgram(name)) {
    throw new Failure("usage", `there is no task ${JSON.stringify(name)}`, {
      hint: `there are: ${Object.keys(taskPrograms).join(", ")}`,
    });
  }
  return await start(name, argv, run);
}

async function start<Name extends TaskProgram>(
  name: Name,
  argv: readonly string[],
  run: TaskRun,
): Promise<TaskOutcome> {
  const flags = parseTaskFlags(name, argv);
  const program = programs[name];
  if (program === undefined) throw new Failure("not-available-yet", `the task ${name} comes in a later version`);
  const context = openContext(readTaskEnvironment(), run);
  await using _cluster = context.cluster;
  return await program(context, flags);
}
