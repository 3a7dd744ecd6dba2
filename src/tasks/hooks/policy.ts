import type { PostBackupHook, PostRestoreHook } from "../../api/hooks.ts";
import type { RunFacts } from "./facts.ts";

export type ExecutionPolicy = PostBackupHook["executionPolicy"] | PostRestoreHook["executionPolicy"];

/** Why the hook is not to run now; undefined when it is. */
export function leftOut(policy: ExecutionPolicy, { phase, retryLeft }: RunFacts): string | undefined {
  const hasFailed = phase === "Failed";
  switch (policy) {
    case "Always":
      return undefined;
    case "OnFailure":
      return hasFailed ? undefined : because(policy, "the run did not fail");
    case "OnSuccess":
      return hasFailed ? because(policy, "the run failed") : undefined;
    case "OnFinalRetryFailure":
      if (!hasFailed) return because(policy, "the run did not fail");
      return retryLeft === 0 ? undefined : because(policy, `there are retries left (${retryLeft})`);
    default:
      throw new Error(`unknown policy ${policy satisfies never}`);
  }
}

function because(policy: ExecutionPolicy, why: string): string {
  return `The hook was not run: its executionPolicy is ${policy}, and ${why}.`;
}
