import { Failure } from "../../kit/failures.ts";
import type { KubeObject } from "../../kube/resource.ts";
import type { World } from "../controller.ts";
import type { Executor } from "../executor/executor.ts";
import type { SessionMemory } from "./memory.ts";

/** What backups and restores have in common until there is a Job. */

/** How long the API server may refuse what is to be made (a quota, an older object that goes) before the session fails. */
const patienceMs = 120_000;

interface Known<T extends KubeObject> {
  readonly world: World;
  readonly memory: SessionMemory<T>;
}

/** Whether waiting does not help. */
export function isFatal<T extends KubeObject>({ world, memory }: Known<T>, session: T, error: unknown): boolean {
  if (Failure.is(error, "configuration-invalid")) return true;
  if (!Failure.is(error, "object-exists", "not-permitted")) return false;
  const now = world.clock();
  return now.getTime() - memory.troubleSince(session, now).getTime() >= patienceMs;
}

export async function tellUnused(
  { recorder }: World,
  session: KubeObject,
  { unusedParams }: Pick<Executor, "unusedParams">,
): Promise<void> {
  if (unusedParams.length === 0) return;
  const message = `No Function of the Task looks at ${unusedParams.join(", ")}: is it misspelt?`;
  await recorder.event(session, { type: "Warning", reason: "Unused Params", message });
}
