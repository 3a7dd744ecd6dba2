import { configMaps } from "../../kube/core.ts";
import { type MadeObject, type Metadata, made } from "../made.ts";

/** Empty: the Job writes its report into it, the operator its answers (api/session-report.ts). */
export function buildReport(metadata: Metadata): MadeObject {
  return made(configMaps, { metadata });
}
