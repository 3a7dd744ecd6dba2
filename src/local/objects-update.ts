import type { Entry } from "./entry.ts";
import { at, isSame, type JsonObject, textAt } from "./json.ts";
import {
  addressed,
  finalizersOf,
  find,
  isGoing,
  isUnderWay,
  metadataOf,
  type ObjectAt,
  type Objects,
  placeOf,
  textOf,
  type WriteOptions,
  withMetadata,
} from "./objects.ts";
import type { Patcher } from "./patcher.ts";
import { prepareChanged, prepareStatus, withGeneration } from "./prepare.ts";
import { checkChange, shaped } from "./shapes.ts";
import { badRequest, conflict, invalid, modifiedMeanwhile, notPatched } from "./status.ts";

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
  while (isUnderWay(objects, target)) await objects.store.settled();
  const entry = find(objects, target);
  checkUid(target, entry, readable);
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

/** PATCH. */
export async function patch(
  objects: Objects,
  target: ObjectAt,
  patcher: Patcher,
  options: UpdateOptions,
): Promise<JsonObject> {
  while (isUnderWay(objects, target)) await objects.store.settled();
  const entry = find(objects, target);
  const named = addressed(patcher.patched(entry.parse()), target);
  const unreadable = (why: string) => notPatched(patcher.blamed(named), why);
  const readable = shaped(target.resource, named, { ...options, unreadable });
  checkName(target, readable);
  return await write(objects, target, { entry, named: readable, options });
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
  checkVersion(target, entry, named);
  const meant = meantBy(target, {
    before,
    named,
    subresource: options.subresource,
  });
  const after = withGeneration(resource, before, meant);
  if (isSame(after, before)) return before;
  checkChange(resource, { before, after, isStatus: options.subresource === "status" });
  if (options.dryRun) return after;
  const place = placeOf(target);
  if (isGoing(after) && isFree(after)) {
    // watchers are told what it was last
    await objects.store.remove(place, (version) => textOf(before, version));
    return after;
  }
  return (await objects.store.put(place, (version) => textOf(after, version))).parse();
}

/** Nothing holds it any more. */
function isFree(object: JsonObject): boolean {
  const contents = object["kind"] === "Namespace" ? at(object, "spec", "finalizers") : undefined;
  const isWaiting = Number(metadataOf(object)["deletionGracePeriodSeconds"] ?? 0) > 0;
  return finalizersOf(object).length === 0 && !isWaiting && (!Array.isArray(contents) || contents.length === 0);
}

/** Whether it is the object that the writer means. A patch that says another uid would change it, which is refused as that. */
function checkUid({ resource, name }: ObjectAt, { uid: found }: Entry, named: JsonObject): void {
  const uid = textAt(named, "metadata", "uid");
  if (uid === "" || uid === found) return;
  throw conflict(resource, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found}`);
}

/** Whether the writer has seen its last version. */
function checkVersion({ resource, name }: ObjectAt, entry: Entry, named: JsonObject): void {
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
  const uid = textAt(named, "metadata", "uid") || textAt(before, "metadata", "uid");
  if (subresource === "status") {
    const after = prepareStatus(before, named);
    // who writes the status of a built-in kind may label it too
    return resource.isOurs ? after : withMetadata(after, { labels, annotations, finalizers, uid });
  }
  if (subresource === "finalize") {
    const finalizers = at(named, "spec", "finalizers") ?? [];
    return { ...before, spec: { finalizers } };
  }
  const own = { labels, annotations, ownerReferences, finalizers, generateName, uid };
  const old = metadataOf(before);
  const deletionTimestamp = old["deletionTimestamp"] ?? metadataOf(named)["deletionTimestamp"];
  const deletionGracePeriodSeconds =
    metadataOf(named)["deletionGracePeriodSeconds"] ?? old["deletionGracePeriodSeconds"];
  const deletion = { deletionTimestamp, deletionGracePeriodSeconds };
  const kept = withMetadata({ ...named, metadata: old }, { ...own, ...deletion });
  return prepareChanged(resource, before, kept);
}
