import { type JsonObject, textAt } from "./json.ts";
import { metadataOf, type ObjectAt, type Objects, type WriteOptions, withMetadata } from "./objects.ts";
import { create } from "./objects-create.ts";
import { meantFor } from "./objects-update.ts";
import { conflict } from "./status.ts";

/** PUT of an object that is not there, of a kind that is then made. */
export async function createNamed(
  objects: Objects,
  place: ObjectAt,
  given: JsonObject,
  options: WriteOptions,
): Promise<JsonObject> {
  const readable = meantFor(place, given, { ...options, warn() {} });
  const uid = textAt(readable, "metadata", "uid");
  if (uid !== "") {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: `;
    throw conflict(place.resource, place.name, why);
  }
  // as Kubernetes has it: the version counts for a dry run, where none takes its place
  const { resourceVersion, deletionTimestamp, deletionGracePeriodSeconds } = metadataOf(readable);
  const kept = { resourceVersion, deletionTimestamp, deletionGracePeriodSeconds };
  return await create(objects, place, withMetadata(given, { resourceVersion: undefined }), { ...options, kept });
}
