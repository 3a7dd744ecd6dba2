import { AddonParameters, type AppBinding } from "../../api/app-binding.ts";
import type { TaskParam, TaskRef } from "../../api/references.ts";
import type { Task } from "../../api/task.ts";
import { Failure } from "../../kit/failures.ts";
import { called, type Invoker } from "./target.ts";

/**
 * The Task that an invoker runs: its own, else what the AppBinding says. The guides for restores name the Task of the
 * backup; its counterpart is meant. Throws `configuration-invalid` when there is none.
 */
export function taskNameOf(invoker: Invoker, appBinding: AppBinding): string {
  const name = notEmpty(invoker.spec.task?.name) ?? notEmpty(addonTaskOf(invoker, appBinding)?.name);
  if (name === undefined) {
    throw new Failure("configuration-invalid", `${called(invoker)} and ${called(appBinding)} name no Task`, {
      hint: `set spec.task.name, for example to ${ownTasks[invoker.kind]}`,
    });
  }
  return invoker.kind === "RestoreSession" ? name.replace(/^nats-backup(?=$|-)/, "nats-restore") : name;
}

const ownTasks = { BackupConfiguration: "nats-backup", RestoreSession: "nats-restore" } as const;

/** What users say for the Task's variables: the AppBinding's first, the invoker's over them. */
export function userParams(invoker: Invoker, appBinding: AppBinding): ReadonlyMap<string, string> {
  const params: readonly TaskParam[] = [
    ...(addonTaskOf(invoker, appBinding)?.params ?? []),
    ...(invoker.spec.task?.params ?? []),
  ];
  return new Map(params.map(({ name, value }) => [name, value]));
}

/** `parameters` may hold anything; what is not ours says nothing. */
function addonTaskOf(invoker: Invoker, { spec }: AppBinding): TaskRef | undefined {
  const { data } = AddonParameters.safeParse(spec.parameters);
  const addon = data?.stash.addon;
  return invoker.kind === "RestoreSession" ? addon?.restoreTask : addon?.backupTask;
}

/** The Functions of a Task, in the order of its steps. Throws `configuration-invalid` when it has no steps. */
export function functionNamesOf(task: Task): readonly string[] {
  const steps = task.spec.steps ?? [];
  if (steps.length === 0) throw new Failure("configuration-invalid", `${called(task)} has no steps`);
  return steps.map(({ name }, index) => {
    if (name !== undefined && name !== "") return name;
    throw new Failure("configuration-invalid", `${called(task)}: spec.steps[${index}] names no Function`);
  });
}

function notEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
