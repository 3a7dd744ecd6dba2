import type { KubeObject } from "../../kube/resource.ts";
import type { ObjectChange } from "../controller.ts";

/** Whether more changed than the status: what was asked for, its labels, or whether it is going. */
export function isAskedAnew({ before, after }: ObjectChange<KubeObject>): boolean {
  if (before === undefined || after === undefined) return true;
  return (
    before.metadata.uid !== after.metadata.uid ||
    before.metadata.generation !== after.metadata.generation ||
    (before.metadata.deletionTimestamp == null) !== (after.metadata.deletionTimestamp == null) ||
    JSON.stringify(before.metadata.labels ?? {}) !== JSON.stringify(after.metadata.labels ?? {})
  );
}

/** Whether somebody took the finalizer away, or deletion waits for it. */
export function isLoose({ before, after }: ObjectChange<KubeObject>, finalizer: string): boolean {
  const isHeld = (one: KubeObject | undefined) => one?.metadata.finalizers?.includes(finalizer) === true;
  return isHeld(before) && !isHeld(after);
}
