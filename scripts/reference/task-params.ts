import { formatGoDuration } from "../../src/api/duration.ts";
import type { TaskFlag } from "../../src/api/task-flag.ts";
import { taskPrograms } from "../../src/api/task-flags.ts";
import { Failure } from "../../src/kit/failures.ts";
import { table } from "./table.ts";

const introduction = `# Task params

Settings of the Tasks \`nats-backup-*\` and \`nats-restore-*\`: \`spec.task.params\` of a BackupConfiguration or
RestoreSession, or \`spec.parameters.stash.addon.backupTask.params\` and \`restoreTask.params\` of an AppBinding. The
invoker's win over the AppBinding's. Every value is a text: write \`"true"\` and \`"4"\` with quotes. An empty one counts as not given.
A param that no Function looks at is told of by an event \`Unused Params\`. Examples: [customization](../guides/customization.md).
`;

/** docs/reference/task-params.md. */
export function taskParamsPage(): string {
  return [
    introduction,
    "## Of backups\n",
    rows(taskPrograms["nats-backup"]),
    "## Of restores\n",
    rows(taskPrograms["nats-restore"]),
  ].join("\n");
}

type Flags = Readonly<Record<string, TaskFlag>>;

function rows(flags: Flags): string {
  const params = Object.values(flags).flatMap((flag) => {
    const name = paramOf(flag);
    return name === undefined ? [] : [[`\`${name}\``, accepted(flag), otherwise(flag), flag.description] as const];
  });
  return table(["param", "value", "default", "what it says"], params);
}

/** Variables of the operator are in capitals; `outputDir` is what the steps of a Task tell each other. */
function paramOf({ from = "" }: TaskFlag): string | undefined {
  const [, name] = /^\$\{([a-z]\w*):=\}$/.exec(from) ?? [];
  return name === "outputDir" ? undefined : name;
}

/** What may stand there, in the words with which anything else is refused. */
function accepted({ read }: TaskFlag): string {
  try {
    read("?");
    return "";
  } catch (error) {
    if (!Failure.is(error)) throw error;
    return error.message.replace(/^must be /, "").replace(/, not "\?"$/, "");
  }
}

function otherwise({ otherwise, description }: TaskFlag): string {
  const value = otherwise === "required" ? undefined : otherwise.value;
  if (typeof value === "boolean") return `\`"${value}"\``;
  if (typeof value === "number") return `\`"${formatGoDuration(value)}"\``;
  if (Array.isArray(value) || value === undefined) return "";
  throw new Error(`a default of an unknown kind: ${description}`);
}
