import { createHash } from "node:crypto";
import type { JsonObject, JsonValue } from "./json.ts";
import { definitionName, definitions, referenceOf, referencePrefix } from "./schema/definitions.ts";
import type { Schema } from "./schema/schema.ts";
import { groupVersionOf, type ServedResource, servedResources } from "./served.ts";

/**
 * `/openapi/v3` and what lies below it, for `kubectl explain`, for the check whether the server validates fields, and for the
 * patches of `kubectl apply`. Built anew when asked for (kubectl keeps it by its hash). undefined: 404.
 */
export function openApi(path: string): JsonObject | undefined {
  const [root, version, ...rest] = path.split("/").filter((part) => part !== "");
  if (root !== "openapi" || version !== "v3") return undefined;
  return rest.length === 0 ? index() : documentOf(rest.join("/"));
}

function index(): JsonObject {
  const places = [...new Set(servedResources.map(placeOf))];
  const paths = places.map((place) => {
    const hash = createHash("sha256")
      .update(JSON.stringify(documentOf(place)))
      .digest("hex")
      .slice(0, 32);
    return [place, { serverRelativeURL: `/openapi/v3/${place}?hash=${hash.toUpperCase()}` }] as const;
  });
  return { paths: Object.fromEntries(paths) };
}

/** `api/v1`, `apis/batch/v1`. */
function placeOf({ group, version }: ServedResource): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

function documentOf(place: string): JsonObject | undefined {
  const resources = servedResources.filter((each) => placeOf(each) === place);
  if (resources.length === 0) return undefined;
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.35.4" },
    paths: Object.fromEntries(resources.flatMap(pathsOf)),
    components: { schemas: schemasOf(resources) },
  };
}

function schemasOf(resources: readonly ServedResource[]): JsonObject {
  const own = resources.filter(({ isOurs }) => isOurs).map((each) => [nameOf(each), oursOf(each)] as const);
  const used = resources.flatMap((each) => (each.isOurs ? [metadataName] : [nameOf(each)]));
  const all = [...own, ...reachable(used).map((name) => [name, definitions()[name]] as const)];
  return asJson(Object.fromEntries(all));
}

const metadataName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const metadata = {
  description: "Standard object's metadata.",
  allOf: [{ $ref: `${referencePrefix}${metadataName}` }],
};

/** A kind's name among the schemas; of ours as API servers name them: `com.appscode.stash.v1beta1.Task`. */
function nameOf({ group, version, kind, isOurs }: ServedResource): string {
  const ofOurs = `${group.split(".").reverse().join(".")}.${version}.${kind}`;
  return isOurs ? ofOurs : (definitionName(group, version, kind) ?? ofOurs);
}

function oursOf({ schema = {}, group, version, kind }: ServedResource): Schema {
  return {
    ...schema,
    properties: { ...schema.properties, metadata },
    "x-kubernetes-group-version-kind": [{ group, version, kind }],
  };
}

/** These definitions and all that they are made of. */
function reachable(names: readonly string[]): readonly string[] {
  const found = new Set<string>();
  const visit = (name: string): void => {
    const schema = definitions()[name];
    if (schema === undefined || found.has(name)) return;
    found.add(name);
    referencesOf(schema).forEach(visit);
  };
  names.forEach(visit);
  return [...found].sort();
}

function referencesOf(schema: Schema): readonly string[] {
  const own = referenceOf(schema);
  const inner = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  return [
    ...(own === undefined ? [] : [own]),
    ...inner.flatMap((each) => (each === undefined ? [] : referencesOf(each))),
  ];
}

/** Schemas are plain data. */
function asJson(schemas: Readonly<Record<string, Schema | undefined>>): JsonObject {
  return JSON.parse(JSON.stringify(schemas));
}

function pathsOf(resource: ServedResource): readonly (readonly [string, JsonObject])[] {
  const { scope, plural, verbs, subresources } = resource;
  const below = `/${placeOf(resource)}/${scope === "Namespaced" ? "namespaces/{namespace}/" : ""}${plural}`;
  const does = (verb: string) => verbs.includes(verb);
  const one = {
    ...(does("get") ? single(resource) : {}),
    ...(does("delete") ? { delete: action(resource, "delete") } : {}),
  };
  return [
    [below, { ...(does("list") ? { get: action(resource, "list") } : {}), post: action(resource, "post", writing) }],
    ...(does("get") ? [[`${below}/{name}`, one] as const] : []),
    ...(subresources.includes("status") ? [[`${below}/{name}/status`, single(resource)] as const] : []),
  ];
}

function single(resource: ServedResource): JsonObject {
  return {
    get: action(resource, "get"),
    put: action(resource, "put", writing),
    patch: { ...action(resource, "patch", [...writing, "force"]), requestBody: patchBody(resource) },
  };
}

/** kubectl looks here whether it may ask for a dry run and for strict fields. */
const writing = ["dryRun", "fieldManager", "fieldValidation"] as const;

function action(resource: ServedResource, name: string, parameters: readonly string[] = []): JsonObject {
  const { group, version, kind } = resource;
  const schema = { $ref: `${referencePrefix}${nameOf(resource)}` };
  return {
    description: `${name} a ${kind} of ${groupVersionOf(resource)}`,
    parameters: parameters.map((each) => ({ name: each, in: "query", schema: { type: "string" } })),
    responses: { "200": { description: "OK", content: { "application/json": { schema } } } },
    "x-kubernetes-action": name,
    "x-kubernetes-group-version-kind": { group, version, kind },
  };
}

function patchBody({ isOurs }: ServedResource): JsonObject {
  const types = ["json-patch", "merge-patch", ...(isOurs ? [] : ["strategic-merge-patch"])];
  const body: JsonValue = { schema: { type: "object" } };
  return { content: Object.fromEntries(types.map((type) => [`application/${type}+json`, body])), required: true };
}
