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
import type { ServedResource } from "./served.ts";
import { checkChange, shaped } from "./shapes.ts";
import { badRequest, conflict, invalid, modifiedMeanwhile, Refused } from "./status.ts";

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
  const readable = meantFor(target, given, options);
  const name = textAt(readable, "metadata", "name");
  const entry = find(objects, target);
  const { isOurs, kind } = target.resource;
  // AllowUnconditionalUpdate of its strategy
  const isConditional = isOurs || kind === "Lease";
  if (isConditional && textAt(readable, "metadata", "resourceVersion") === "") {
    const message = "Invalid value: 0: must be specified for an update";
    const field = "metadata.resourceVersion";
    const named = { ...target.resource, kind: target.resource.plural };
    throw invalid(named, name, [{ reason: "FieldValueInvalid", message, field }]);
  }
  return await write(objects, target, { entry, named: readable, options });
}

/** What was sent in a form that can be stored. Throws Refused when it cannot be read, or has another name. */
export function meantFor(target: ObjectAt, given: JsonObject, options: WriteOptions): JsonObject {
  const readable = shaped(target.resource, addressed(given, target), options);
  checkName(target, readable);
  return readable;
}

function checkName({ name }: ObjectAt, object: JsonObject): void {
  const given = textAt(object, "metadata", "name");
  if (given === name) return;
  if (given === "") throw badRequest("name must be provided");
  throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
}

/** PATCH: `change` makes the new object of the one that is there. */
export async function patch(
  objects: Objects,
  target: ObjectAt,
  change: (before: JsonObject) => JsonObject,
  options: UpdateOptions,
): Promise<JsonObject> {
  const entry = find(objects, target);
  const named = addressed(change(entry.parse()), target);
  const readable = patched(target.resource, named, options);
  checkName(target, readable);
  const uid = textAt(readable, "metadata", "uid");
  if (uid !== "" && uid !== entry.uid) {
    const message = `Invalid value: ${JSON.stringify(uid)}: field is immutable`;
    throw invalid(target.resource, target.name, [{ reason: "FieldValueInvalid", message, field: "metadata.uid" }]);
  }
  return await write(objects, target, { entry, named: readable, options });
}

/** As `shaped`. That a patch made something unreadable is said of the patch. */
function patched(resource: ServedResource, named: JsonObject, options: UpdateOptions): JsonObject {
  try {
    return shaped(resource, named, options);
  } catch (error) {
    if (!(error instanceof Refused && error.code === 400)) throw error;
    const message = `Invalid value: ${JSON.stringify(JSON.stringify(named))}: ${error.message}`;
    throw invalid({ group: "", plural: "", kind: "" }, "", [{ reason: "FieldValueInvalid", message, field: "patch" }]);
  }
}

interface Write {
  readonly entry: Entry;
  /** Without unknown fields, with defaults. */
  readonly named: JsonObject;
  readonly options: UpdateOptions;
}

async function write(objects: Objects, target: ObjectAt, { entry, named, options }: Write): Promise<JsonObject> {
  const { resource } = target;
  const before = entry.parse();
  checkMeant(target, entry, named);
  const meant = meantBy(target, {
    before,
    named,
    subresource: options.subresource,
  });
  const after = withGeneration(resource, before, meant);
  if (isSame(after, before)) {
    await objects.store.settled();
    return before;
  }
  checkChange(resource, { before, after, isStatus: options.subresource === "status" });
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
  const { labels, annotations, ownerReferences, finalizers, generateName } = metadataOf(named);
  if (subresource === "status") {
    const after = prepareStatus(before, named);
    // who writes the status of a built-in kind may label it too
    return resource.isOurs ? after : withMetadata(after, { labels, annotations, finalizers });
  }
  if (subresource === "finalize") {
    const finalizers = at(named, "spec", "finalizers") ?? [];
    return { ...before, spec: { finalizers } };
  }
  const own = { labels, annotations, ownerReferences, finalizers, generateName };
  // Once it is going only custom resources' writers are told that they cannot change it.
  const [first, second] = resource.isOurs ? [named, before] : [before, named];
  const end = metadataOf(first)["deletionTimestamp"] ?? metadataOf(second)["deletionTimestamp"];
  const kept = withMetadata({ ...named, metadata: metadataOf(before) }, { ...own, deletionTimestamp: end });
  return prepareChanged(resource, before, kept);
}
