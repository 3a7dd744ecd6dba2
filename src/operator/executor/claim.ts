import { interimClaimName } from "../../api/names.ts";
import { persistentVolumeClaims } from "../../kube/core.ts";
import { type MadeObject, type Metadata, made } from "../made.ts";
import type { Invoker } from "../task/target.ts";

/** The claim for a session's data on its way, when the invoker has a template. Of the template only name and spec count. */
export function buildClaim({ spec }: Invoker, session: string, metadata: Metadata): MadeObject | undefined {
  const template = spec.interimVolumeTemplate;
  if (template === undefined) return undefined;
  const name = interimClaimName(session, template.metadata?.name ?? "interim");
  return made(persistentVolumeClaims, { metadata: { ...metadata, name }, spec: template.spec ?? {} });
}
