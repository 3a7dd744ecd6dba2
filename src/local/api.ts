import { type Answer, type Ask, isDryRun, objectOf } from "./ask.ts";
import { mediaTypeOf, parseJson, readBody, readObject, readOptions } from "./body.ts";
import { checkGrant } from "./escalation.ts";
import { furnish } from "./first-objects.ts";
import { type JsonObject, textAt } from "./json.ts";
import { addressed, find, metadataOf, type ObjectAt, placeOf, type WriteOptions } from "./objects.ts";
import { create } from "./objects-create.ts";
import { createNamed } from "./objects-create-named.ts";
import { deleteOptionsOf, type Removed, remove } from "./objects-delete.ts";
import { list } from "./objects-list.ts";
import { patch, replace } from "./objects-update.ts";
import { type Patcher, patcherOf } from "./patcher.ts";
import { type Format, formatOf, listPieces, metadataText, tablePieces } from "./representation.ts";
import { review } from "./reviews.ts";
import { special } from "./special.ts";
import { methodNotAllowed } from "./status.ts";
import { metadataOnly, tableOf } from "./table.ts";
import { warningHeader } from "./warning.ts";
import type { Render } from "./watch.ts";
import { watch } from "./watching.ts";

/** undefined: it was answered already. */
export async function answer(ask: Ask): Promise<Answer | undefined> {
  const { target, verb } = ask;
  if (target.subresource !== undefined && !["status", "finalize"].includes(target.subresource))
    return await special(ask);
  if (!target.resource.verbs.includes(verb)) throw methodNotAllowed();
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

async function listAnswer(ask: Ask): Promise<Answer> {
  const { objects, target, query, incoming } = ask;
  const listing = await list(objects, target, query);
  const format = formatOf(incoming.headers.accept);
  if (format !== "table") return { code: 200, body: listPieces(target.resource, listing, format) };
  return { code: 200, body: tablePieces(target.resource, listing, tableOptionsOf(ask)) };
}

function tableOptionsOf({ objects, query }: Ask) {
  const asked = query.get("includeObject");
  const includeObject = asked === "None" || asked === "Object" ? asked : "Metadata";
  return { now: objects.clock().getTime(), includeObject } as const;
}

async function watchAnswer(ask: Ask): Promise<undefined> {
  const { objects, target, query, incoming, outgoing, signal } = ask;
  const { resource, namespace, name } = target;
  const asked = new URLSearchParams(query);
  if (name !== undefined) asked.set("fieldSelector", `metadata.name=${name}`);
  const format = formatOf(incoming.headers.accept);
  const render = renderOf(ask, format);
  await watch(objects.store, outgoing, { resource, namespace, query: asked, render, signal });
}

function renderOf(ask: Ask, format: Format): Render {
  if (format === "whole") return ({ text }) => text;
  if (format === "metadata") return metadataText;
  let isFirst = true;
  return (entry) => {
    const table = tableOf(ask.target.resource, [entry.parse()], { ...tableOptionsOf(ask), withoutColumns: !isFirst });
    isFirst = false;
    return JSON.stringify(table);
  };
}

async function getAnswer(ask: Ask): Promise<Answer> {
  const { objects, incoming } = ask;
  while (objects.store.isWriting) await objects.store.settled();
  const entry = find(objects, objectOf(ask));
  const format = formatOf(incoming.headers.accept);
  return { code: 200, body: format === "whole" ? entry.text : shownAs(ask, entry.parse(), format) };
}

async function createAnswer(ask: Ask): Promise<Answer> {
  const { objects, target, query, incoming } = ask;
  if (target.name !== undefined) throw methodNotAllowed();
  const { resource, namespace = "" } = target;
  if (resource.scope === "Namespaced" && namespace === "") throw methodNotAllowed();
  const draft = await readObject(incoming);
  const where = { resource, namespace };
  const answered = resource.verbs.includes("get")
    ? undefined
    : review(ask.authority, ask.user, addressed(draft, where));
  if (answered !== undefined) return { code: 201, body: answered };
  checkGrant(ask, { ...where, name: textAt(draft, "metadata", "name") }, draft);
  const made = await create(objects, where, draft, writeOptionsOf(ask));
  if (resource.kind === "Namespace" && !isDryRun(query)) await furnish(objects, textAt(made, "metadata", "name"));
  return shown(ask, 201, made);
}

async function writeAnswer(ask: Ask): Promise<Answer> {
  const { objects, verb, incoming, target } = ask;
  const { subresource } = target;
  if (subresource !== undefined && subresource !== "status" && subresource !== "finalize") throw methodNotAllowed();
  const options = { ...writeOptionsOf(ask), subresource };
  if (verb === "update") {
    const body = await readObject(incoming);
    const place = objectOf(ask);
    checkGrant(ask, place, body);
    return isMadeByUpdate(ask, place)
      ? shown(ask, 201, await createNamed(objects, place, body, options))
      : shown(ask, 200, await replace(objects, place, body, options));
  }
  const change = patcherOf(target.resource, mediaTypeOf(incoming), parseJson(await readBody(incoming)));
  const place = objectOf(ask);
  return shown(ask, 200, await patch(objects, place, granted(ask, place, change), options));
}

/** What the patch makes must not grant more than the user holds. */
function granted(ask: Ask, place: ObjectAt, patcher: Patcher): Patcher {
  return {
    ...patcher,
    patched(before) {
      const made = patcher.patched(before);
      checkGrant(ask, place, made);
      return made;
    },
  };
}

/** Of these Kubernetes makes an object that a PUT does not find, where the user may make one. */
const madeByUpdate: ReadonlySet<string> = new Set([
  ...["Lease", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Event", "Endpoints"],
]);

function isMadeByUpdate({ objects, target, authority, user }: Ask, place: ObjectAt): boolean {
  const { group, plural, kind, isOurs } = target.resource;
  if (isOurs || !madeByUpdate.has(kind) || objects.store.get(placeOf(place)) !== undefined) return false;
  const { namespace, name } = place;
  const verb = "create";
  return authority.allows(user, { kind: "resource", verb, group, plural, subresource: undefined, namespace, name });
}

async function deleteAnswer(ask: Ask): Promise<Answer> {
  const { objects, query, incoming, target } = ask;
  if (target.subresource !== undefined) throw methodNotAllowed();
  const options = deleteOptionsOf(await readOptions(incoming), query);
  return removedAnswer(ask, await remove(objects, objectOf(ask), options));
}

/** Kinds whose deletion is answered with the object. */
const returned: ReadonlySet<string> = new Set([
  ...["Namespace", "PersistentVolume", "PersistentVolumeClaim", "Pod", "Service", "ServiceAccount"],
]);

function removedAnswer(ask: Ask, { object, isGone }: Removed): Answer {
  const { resource } = ask.target;
  if (!isGone || (returned.has(resource.kind) && !resource.isOurs)) {
    return shown(ask, 200, object);
  }
  const { name = "", uid = "" } = metadataOf(object);
  const group = resource.group === "" ? {} : { group: resource.group };
  const details = { name, ...group, kind: resource.plural, uid };
  return { code: 200, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details } };
}

async function deleteAll(ask: Ask): Promise<Answer> {
  const { objects, target, query, incoming } = ask;
  const options = deleteOptionsOf(await readOptions(incoming), query);
  const listing = await list(objects, target, query);
  const { resource } = target;
  await Promise.all(
    listing.entries.map(({ namespace, name }) => remove(objects, { resource, namespace, name }, options)),
  );
  return { code: 200, body: listPieces(resource, listing, "whole") };
}

function shown(ask: Ask, code: number, object: JsonObject): Answer {
  return { code, body: shownAs(ask, object, formatOf(ask.incoming.headers.accept)) };
}

function shownAs(ask: Ask, object: JsonObject, format: Format): JsonObject {
  switch (format) {
    case "whole":
      return object;
    case "metadata":
      return metadataOnly(object);
    case "table":
      return tableOf(ask.target.resource, [object], {
        ...tableOptionsOf(ask),
        metadata: { resourceVersion: textAt(object, "metadata", "resourceVersion") },
      });
    default:
      throw new Error(`unknown format ${format satisfies never}`);
  }
}

function writeOptionsOf({ query, outgoing }: Ask): WriteOptions {
  const asked = query.get("fieldValidation") ?? "";
  const fieldValidation = asked === "Strict" || asked === "Ignore" ? asked : "Warn";
  const warn = (message: string) => outgoing.appendHeader("warning", warningHeader(message));
  return { dryRun: isDryRun(query), fieldValidation, warn };
}
