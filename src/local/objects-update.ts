import type { Entry } from "./entry.ts";
import { at, isSame, type JsonObject, textAt } from "./json.ts";
import {
  addressed,
  finalizersOf,
  find,
  isGoing,
  metadataOf,
  type ObjectAt,
  type Objects,
  placeOf,
  textOf,
  type WriteOptions,
  withMetadata,
} from "./objects.ts";
import { prepareChanged, prepareStatus, withGeneration } from "./prepare.ts";
import { checkChange, shaped } from "./shapes.ts";
import { badRequest, conflict, invalid, modifiedMeanwhile } from "./status.ts";

export interface UpdateOptions extends WriteOptions {
  readonly subresource: "status" | "finalize" | undefined;
}

/** PUT. Resolves with what is stored, once it is. */
export async function replace(
  objects: Objects,
  target: ObjectAt,
  given: JsonObject,
  options: UpdateOptions,
): Promise<JsonObject> {
  const entry = find(objects, target);
  const named = addressed(given, target);
  const name = textAt(named, "metadata", "name");
  if (name !== target.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
  }
  if (target.resource.isOurs && textAt(named, "metadata", "resourceVersion") === "") {
    const message = "Invalid value: 0: must be specified for an update";
    const field = "metadata.resourceVersion";
    throw invalid(target.resource, name, [{ reason: "FieldValueInvalid", message, field }]);
  }
  return await write(objects, target, { entry, named, options });
}

/** PATCH: `change` makes the new object of the one that is there. */
export async function patch(
  objects: Objects,
  target: ObjectAt,
  change: (before: JsonObject) => JsonObject,
  options: UpdateOptions,
): Promise<JsonObject> {
  const entry = find(objects, target);
  return await write(objects, target, { entry, named: addressed(change(entry.parse()), target), options });
}

interface Write {
  readonly entry: Entry;
  readonly named: JsonObject;
  readonly options: UpdateOptions;
}

async function write(objects: Objects, target: ObjectAt, { entry, named, options }: Write): Promise<JsonObject> {
  const { resource } = target;
  const before = entry.parse();
  checkMeant(target, entry, named);
  const meant = meantBy(target, {
    before,
    named: shaped(resource, named, options),
    subresource: options.subresource,
  });
  const after = withGeneration(resource, before, meant);
  if (isSame(after, before)) {
    await objects.store.settled();
    return before;
  }
  checkChange(resource, before, after);
  if (options.dryRun) return after;
  const place = placeOf(target);
  const text = (version: number) => textOf(after, version);
  const isLast = isGoing(after) && isFree(after);
  return (await (isLast ? objects.store.remove(place, text) : objects.store.put(place, text))).parse();
}

/** Nothing holds it any more. */
function isFree(object: JsonObject): boolean {
  const contents = object["kind"] === "Namespace" ? at(object, "spec", "finalizers") : undefined;
  const isWaiting = Number(metadataOf(object)["deletionGracePeriodSeconds"] ?? 0) > 0;
  return finalizersOf(object).length === 0 && !isWaiting && (!Array.isArray(contents) || contents.length === 0);
}

/** Whether it is the object, at the version, that the writer has seen. */
function checkMeant({ resource, name }: ObjectAt, entry: Entry, named: JsonObject): void {
  const uid = textAt(named, "metadata", "uid");
  const found = entry.uid;
  if (uid !== "" && uid !== found) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found}`;
    throw conflict(resource, name, why);
  }
  const version = textAt(named, "metadata", "resourceVersion");
  if (version !== "" && version !== String(entry.version)) throw modifiedMeanwhile(resource, name);
}

interface Meant {
  readonly before: JsonObject;
  readonly named: JsonObject;
  readonly subresource: UpdateOptions["subresource"];
}

function meantBy({ resource }: ObjectAt, { before, named, subresource }: Meant): JsonObject {
  if (subresource === "status") return prepareStatus(before, named);
  if (subresource === "finalize") {
    const finalizers = at(named, "spec", "finalizers") ?? [];
    return { ...before, spec: { finalizers } };
  }
  const { labels, annotations, ownerReferences, finalizers } = metadataOf(named);
  const own = { labels, annotations, ownerReferences, finalizers };
  const kept = withMetadata({ ...named, metadata: metadataOf(before) }, own);
  return prepareChanged(resource, before, kept);
}
