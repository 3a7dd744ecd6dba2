import type { TaskFlags } from "../api/task-flags.ts";
import { counted } from "../kit/quantities.ts";
import { keyText } from "../kube/resource.ts";
import { wipeRest } from "../repository/rest-wipe.ts";
import type { TaskContext } from "./context.ts";
import { backendHere, openAccess } from "./repository-access.ts";
import { wipeBucket } from "./wipe-bucket.ts";
import { bucketPlace } from "./wipe-place.ts";

/** Deletes the data of a Repository that is being deleted (spec.wipeOut). Ends well only when nothing of it is left. */
export async function wipeOut(context: TaskContext, flags: TaskFlags<"wipe-out">): Promise<undefined> {
  await using access = await openAccess(context, { ...flags, enableCache: false });
  const { key, object, address } = access;
  const backend = { ...object.spec.backend, ...backendHere(object.spec.backend ?? {}, context) };
  const place = bucketPlace(backend, address);
  const count = place === undefined ? await wipeRest(address, context) : await wipeBucket(context, place);
  context.log.info({ repository: keyText(key), objects: count }, `${counted(count, "object")} deleted`);
}
