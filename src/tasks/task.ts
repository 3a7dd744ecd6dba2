import { isTaskProgram, parseTaskFlags, type TaskFlags, type TaskProgram, taskPrograms } from "../api/task-flags.ts";
import { Failure } from "../kit/failures.ts";
import type { Log } from "../kit/log.ts";
import { openContext, type TaskContext } from "./context.ts";
import { readTaskEnvironment } from "./environment.ts";

/** What is still wrong after a program ended well otherwise. */
export type TaskOutcome = Failure | undefined;

type Program<Name extends TaskProgram> = (context: TaskContext, flags: TaskFlags<Name>) => Promise<TaskOutcome>;

/** Loaded one at a time: the most frequent ones need little of what the others do. */
const programs: { readonly [Name in TaskProgram]?: () => Promise<Program<Name>> } = {
  "create-backupsession": async () => (await import("./create-backupsession.ts")).createBackupSession,
  "nats-backup": async () => (await import("./nats-backup.ts")).natsBackup,
  "nats-restore": async () => (await import("./nats-restore.ts")).natsRestore,
  "run-hook": async () => (await import("./run-hook.ts")).runHook,
  "update-status": async () => (await import("./update-status.ts")).updateSessionStatus,
  "wipe-out": async () => (await import("./wipe-out.ts")).wipeOut,
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
  const load = programs[name];
  if (load === undefined) throw new Failure("not-available-yet", `the task ${name} comes in a later version`);
  const context = openContext(readTaskEnvironment(), run);
  await using _cluster = context.cluster;
  const program = await load();
  return await program(context, flags);
}
