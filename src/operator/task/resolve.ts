import type { FunctionSpec, StashFunction } from "../../api/function.ts";
import type { Volume } from "../../api/kubernetes.ts";
import { containerName } from "../../api/names.ts";
import type { Task } from "../../api/task.ts";
import { Failure } from "../../kit/failures.ts";
import { functionNamesOf } from "./choice.ts";
import { substitute, type Variables, variablesOf } from "./substitute.ts";

export interface ResolveRequest {
  readonly task: Task;
  readonly functions: ReadonlyMap<string, StashFunction>;
  /** Built in, and the user's over them. */
  readonly variables: Variables;
  /** For a Function that names none. */
  readonly image: string;
}

/** One container to be: what the Function says, with nothing left to fill in. */
export interface ResolvedStep {
  readonly container: string;
  readonly spec: FunctionSpec & { readonly image: string };
}

export interface ResolvedTask {
  readonly steps: readonly ResolvedStep[];
  readonly volumes: readonly Volume[];
  /** What the Task's steps and then `variables` say, for what runs beside the steps. */
  readonly variables: Variables;
  /** Every variable that the Task or one of its Functions looks at. */
  readonly looksAt: ReadonlySet<string>;
}

/** Throws `configuration-invalid`, naming the Task or Function and the place. */
export function resolveTask({ task, functions, variables, image }: ResolveRequest): ResolvedTask {
  const taskName = `Task ${task.metadata.name ?? ""}`;
  const names = functionNamesOf(task);
  const found = names.map((name) => functions.get(name) ?? absent(name, taskName));
  const { spec } = substitute({ spec: task.spec }, variables, taskName);
  const params = (spec.steps ?? []).map((step) => (step.params ?? []).map(({ name, value }) => [name, value] as const));
  return {
    steps: found.map((each, index) => ({
      container: containerName(names[index] ?? "", index),
      spec: resolveFunction(each, new Map([...(params[index] ?? []), ...variables]), image),
    })),
    volumes: spec.volumes ?? [],
    variables: new Map([...params.flat(), ...variables]),
    looksAt: new Set([
      ...variablesOf({ spec: task.spec }, taskName),
      ...found.flatMap((each) => [...variablesOf({ spec: each.spec }, nameOf(each))]),
    ]),
  };
}

function resolveFunction(one: StashFunction, variables: Variables, image: string): ResolvedStep["spec"] {
  // The image first: the other texts may name it as ADDON_IMAGE.
  const { spec } = substitute({ spec: { image: one.spec.image ?? image } }, variables, nameOf(one));
  const all = new Map([...variables, ["ADDON_IMAGE", spec.image]]);
  return { ...substitute({ spec: { ...one.spec, image: "" } }, all, nameOf(one)).spec, image: spec.image };
}

function nameOf({ metadata }: StashFunction): string {
  return `Function ${metadata.name ?? ""}`;
}

function absent(name: string, task: string): never {
  throw new Failure("configuration-invalid", `${task}: the Function ${name} does not exist`, {
    hint: "install the catalogue: coldstream catalog | kubectl apply -f -",
  });
}
