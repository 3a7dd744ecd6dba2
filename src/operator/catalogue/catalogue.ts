import { StashFunction } from "../../api/function.ts";
import { apiVersionOf } from "../../api/kinds.ts";
import { labels, managedBy } from "../../api/labels.ts";
import { Task } from "../../api/task.ts";
import type { TaskFlag } from "../../api/task-flag.ts";
import { flagName, type TaskProgram, taskPrograms } from "../../api/task-flags.ts";

/** The versions of Stash's catalogue. Each works with every server we know; users' manifests name them. */
const versions = ["2.6.1", "2.8.2"] as const;

/** Names the operator's own image, so that a newer operator has its Functions run newer programs. */
export const operatorImage = `\${STASH_DOCKER_REGISTRY}/\${STASH_DOCKER_IMAGE}:\${STASH_IMAGE_TAG}`;

/** The Functions and Tasks that users name, in the order to apply them. */
export function catalogue(image: string = operatorImage): readonly (StashFunction | Task)[] {
  const programs = ["nats-backup", "nats-restore"] as const;
  const named = programs.flatMap((program) => [
    ...versions.map((version) => ({ name: `${program}-${version}`, program })),
    { name: program, program },
  ]);
  return [
    ...named.map(({ name, program }) => functionOf(name, program, image)),
    functionOf("update-status", "update-status", image),
    ...named.map(({ name }) => taskOf(name)),
  ];
}

const metadataOf = (name: string) => ({ name, labels: { [labels.managedBy]: managedBy } });

function functionOf(name: string, program: TaskProgram, image: string): StashFunction {
  return StashFunction.parse({
    apiVersion: apiVersionOf("Function"),
    kind: "Function",
    metadata: metadataOf(name),
    spec: { image, args: ["task", program, ...argumentsOf(program)] },
  });
}

/** Every flag that Functions give, with the variable it comes from. */
function argumentsOf(program: TaskProgram): readonly string[] {
  const flags: Readonly<Record<string, TaskFlag>> = taskPrograms[program];
  return Object.entries(flags).flatMap(([field, { from }]) =>
    from === undefined ? [] : [`--${flagName(field)}=${from}`],
  );
}

function taskOf(name: string): Task {
  const params = [{ name: "outputDir", value: "/stash-tmp/output" }];
  return Task.parse({
    apiVersion: apiVersionOf("Task"),
    kind: "Task",
    metadata: metadataOf(name),
    spec: { steps: [name, "update-status"].map((step) => ({ name: step, params })) },
  });
}
