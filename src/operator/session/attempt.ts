import { describe } from "../../kit/failures.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { KubeFailure } from "../../kube/failure.ts";
import { type KubeObject, keyOf, keyText } from "../../kube/resource.ts";
import { onceSettled } from "../../kube/settling.ts";
import type { World } from "../controller.ts";

/**
 * Does what is good to have but must not hold up the end of a session. What may pass by itself (an API server that is away,
 * a conflict) is thrown, so that all is tried again; what the server refuses for good is told in the log. Why it failed, or
 * undefined.
 */
export async function attempt(
  { log }: World,
  { session, what, signal }: Waiting & { readonly session: KubeObject; readonly what: string },
  work: () => Promise<unknown>,
): Promise<string | undefined> {
  try {
    await onceSettled(work, { signal });
    return undefined;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    log.warn({ kind: session.kind, session: keyText(keyOf(session)), error }, `${what} failed`);
    return describe(error);
  }
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof KubeFailure)) return false;
  const { status } = error;
  return status >= 400 && status < 500 && status !== 409 && status !== 429;
}
