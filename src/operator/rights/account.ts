import { serviceAccounts } from "../../kube/core.ts";
import { ownAccountOf } from "../executor/pod.ts";
import { type MadeObject, type Metadata, made } from "../made.ts";
import type { Invoker } from "../task/target.ts";

/** The account made for an invoker; none when the user names one, who then answers for it. */
export function buildAccount({ spec }: Invoker, metadata: Metadata): readonly MadeObject[] {
  if (ownAccountOf(spec) !== undefined) return [];
  const annotations = spec.runtimeSettings?.pod?.serviceAccountAnnotations;
  return [made(serviceAccounts, { metadata: { ...metadata, ...(annotations === undefined ? {} : { annotations }) } })];
}
