import type { User } from "./auth.ts";
import { parseBody, parseObject, readBody } from "./body.ts";
import type { Incoming, Outgoing } from "./https.ts";
import { isObject, type JsonObject, type JsonValue, textAt } from "./json.ts";
import { find, metadataOf, type ObjectAt, type Objects } from "./objects.ts";
import { create } from "./objects-create.ts";
import { deleteOptionsOf, type Removed, remove } from "./objects-delete.ts";
import { list } from "./objects-list.ts";
import { patch, replace } from "./objects-update.ts";
import { mergePatch } from "./patch/merge-patch.ts";
import { type Format, formatOf, listText, metadataAlone, metadataText } from "./representation.ts";
import { badRequest, methodNotAllowed, unsupportedMediaType } from "./status.ts";
import type { Target } from "./target.ts";
import { watch } from "./watching.ts";

/** What is asked of which resource, by whom. */
export interface Ask {
  readonly objects: Objects;
  readonly verb: Verb;
  readonly target: Target;
  readonly query: URLSearchParams;
  readonly user: User;
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
  readonly signal: AbortSignal;
}

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

export interface Answer {
  readonly code: number;
  /** JSON. */
  readonly body: string | JsonObject;
}

/** undefined: it was answered already. */
export async function answer(ask: Ask): Promise<Answer | undefined> {
  const { target, verb } = ask;
  if (!target.resource.verbs.includes(verb) && target.subresource === undefined) throw methodNotAllowed();
  switch (verb) {
    case "list":
      return await listAnswer(ask);
    case "watch":
      return await watchAnswer(ask);
    case "get":
      return await getAnswer(ask);
    case "create":
      return await createAnswer(ask);
    case "update":
    case "patch":
      return await writeAnswer(ask);
    case "delete":
      return await deleteAnswer(ask);
    case "deletecollection":
      return await deleteAll(ask);
    default:
      throw new Error(`unknown verb ${verb satisfies never}`);
  }
}

async function listAnswer({ objects, target, query, incoming }: Ask): Promise<Answer> {
  const listing = await list(objects, target, query);
  return { code: 200, body: listText(target.resource, listing, formatOf(incoming.headers.accept)) };
}

async function watchAnswer({ objects, target, query, incoming, outgoing, signal }: Ask): Promise<undefined> {
  const { resource, namespace, name } = target;
  const asked = new URLSearchParams(query);
  if (name !== undefined) asked.set("fieldSelector", `metadata.name=${name}`);
  const format = formatOf(incoming.headers.accept);
  const render = format === "metadata" ? metadataText : ({ text }: { readonly text: string }) => text;
  await watch(objects.store, outgoing, { resource, namespace, query: asked, render, signal });
}

async function getAnswer(ask: Ask): Promise<Answer> {
  const { objects, incoming } = ask;
  while (objects.store.isWriting) await objects.store.settled();
  const entry = find(objects, objectOf(ask));
  const isWhole = formatOf(incoming.headers.accept) !== "metadata";
  return { code: 200, body: isWhole ? entry.text : metadataText(entry) };
}

async function createAnswer(ask: Ask): Promise<Answer> {
  const { objects, target, query, incoming } = ask;
  if (target.name !== undefined) throw methodNotAllowed();
  const { resource, namespace = "" } = target;
  checkMediaType(incoming, jsonTypes);
  const draft = parseObject(await readBody(incoming));
  const where = { resource, namespace: resource.scope === "Cluster" ? "" : namespaceOf(namespace, draft) };
  return shown(
    201,
    await create(objects, where, draft, { dryRun: isDryRun(query) }),
    formatOf(incoming.headers.accept),
  );
}

/** An object of a namespace is made in one, also where the path does not say which. */
function namespaceOf(namespace: string, draft: JsonObject): string {
  const found = namespace || textAt(draft, "metadata", "namespace");
  if (found === "") throw badRequest("an empty namespace may not be set during creation");
  return found;
}

async function writeAnswer(ask: Ask): Promise<Answer> {
  const { objects, verb, query, incoming, target } = ask;
  const { subresource } = target;
  if (subresource !== undefined && subresource !== "status" && subresource !== "finalize") throw methodNotAllowed();
  const options = { dryRun: isDryRun(query), subresource };
  const format = formatOf(incoming.headers.accept);
  if (verb === "update") {
    checkMediaType(incoming, jsonTypes);
    const body = parseObject(await readBody(incoming));
    return shown(200, await replace(objects, objectOf(ask), body, options), format);
  }
  const type = mediaTypeOf(incoming);
  const body = parseBody(await readBody(incoming));
  return shown(200, await patch(objects, objectOf(ask), (before) => patched(type, before, body), options), format);
}

const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

function patched(type: string, before: JsonObject, body: JsonValue): JsonObject {
  if (type === "application/merge-patch+json") {
    if (!isObject(body)) throw badRequest("the patch is no JSON object");
    return mergePatch(before, body);
  }
  throw unsupportedMediaType(patchTypes);
}

async function deleteAnswer(ask: Ask): Promise<Answer> {
  const { objects, query, incoming, target } = ask;
  if (target.subresource !== undefined) throw methodNotAllowed();
  const text = await readBody(incoming);
  const options = deleteOptionsOf(text === "" ? {} : parseObject(text), query);
  return removedAnswer(ask, await remove(objects, objectOf(ask), options));
}

/** Kinds whose deletion is answered with the object. */
const returned: ReadonlySet<string> = new Set([
  ...["Namespace", "PersistentVolume", "PersistentVolumeClaim", "Pod", "Service", "ServiceAccount"],
]);

function removedAnswer({ target, incoming }: Ask, { object, isGone }: Removed): Answer {
  const { resource } = target;
  if (!isGone || (returned.has(resource.kind) && !resource.isOurs)) {
    return shown(200, object, formatOf(incoming.headers.accept));
  }
  const { name = "", uid = "" } = metadataOf(object);
  const group = resource.group === "" ? {} : { group: resource.group };
  const details = { name, ...group, kind: resource.plural, uid };
  return { code: 200, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details } };
}

async function deleteAll(ask: Ask): Promise<Answer> {
  const { objects, target, query, incoming } = ask;
  const text = await readBody(incoming);
  const options = deleteOptionsOf(text === "" ? {} : parseObject(text), query);
  const listing = await list(objects, target, query);
  const { resource } = target;
  await Promise.all(
    listing.entries.map(({ namespace, name }) => remove(objects, { resource, namespace, name }, options)),
  );
  return { code: 200, body: listText(resource, listing, formatOf(incoming.headers.accept)) };
}

export function objectOf({ target }: Pick<Ask, "target">): ObjectAt {
  const { resource, namespace = "", name } = target;
  if (name === undefined) throw methodNotAllowed();
  return { resource, namespace, name };
}

function shown(code: number, object: JsonObject, format: Format): Answer {
  return { code, body: format === "metadata" ? metadataAlone(object) : object };
}

function isDryRun(query: URLSearchParams): boolean {
  const value = query.get("dryRun");
  if (value === null || value === "") return false;
  if (value === "All") return true;
  throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(value)}: supported values: "All"`);
}

export const jsonTypes = ["application/json"];

export function mediaTypeOf(incoming: Incoming): string {
  return (incoming.headers["content-type"] ?? "application/json").split(";")[0]?.trim() ?? "";
}

export function checkMediaType(incoming: Incoming, accepted: readonly string[]): void {
  if (!accepted.includes(mediaTypeOf(incoming))) throw unsupportedMediaType(accepted);
}
