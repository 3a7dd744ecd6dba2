import { type JsonObject, textAt } from "./json.ts";
import { type ObjectAt, type Objects, type WriteOptions, withMetadata } from "./objects.ts";
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
  const made = await create(objects, place, withMetadata(given, { resourceVersion: undefined }), options);
  const version = textAt(readable, "metadata", "resourceVersion");
  // as Kubernetes has it: where nothing is written nothing takes its place
  return options.dryRun && version !== "" ? withMetadata(made, { resourceVersion: version }) : made;
}
