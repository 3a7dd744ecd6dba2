import { isObject, type JsonObject, type JsonValue } from "../../../src/local/json.ts";
import { mergePatch } from "../../../src/local/patch/merge-patch.ts";
import { type ServedResource, servedResources } from "../../../src/local/served.ts";
import type { Random } from "../../support/random.ts";
import { fieldSelectors, kept, labelSelectors } from "../shapes-changes.ts";
import { objects } from "../shapes-inputs.ts";
import { type Context, collectionOf, type Draw, draftOf, type Maker, names, queries } from "./drafts.ts";
import { merge, patch, patchMetadata, patchOddly } from "./patches.ts";
import type { Known, Step } from "./side.ts";

const builtIn = ["ConfigMap", "Secret", "Job", "CronJob", "Pod", "Lease", "Role", "RoleBinding"];
/** What the requests are about. */
export const resources: readonly ServedResource[] = servedResources.filter(
  ({ kind, scope, isOurs }) => scope === "Namespaced" && (isOurs ? kind in objects : builtIn.includes(kind)),
);

/** Draws requests that users and programs send, and some that they should not. */
export function drawer(random: Random): () => Step {
  const draw: Draw = (list) => list[random.below(list.length)] as (typeof list)[number];
  let count = 0;
  return () => {
    count++;
    const resource = draw(resources);
    const context = { resource, draw, count, collection: collectionOf(resource) };
    const make = draw(weighted);
    const step = make(context);
    const hasNone = step.path.includes("/status") && !resource.subresources.includes("status");
    const isOdd = step.isOdd === true || hasNone || odd.has(make) || /=x\b|=-1|continue=|Sideways/.test(step.path);
    return isOdd ? { ...step, isOdd } : step;
  };
}

const weighted: readonly Maker[] = [
  ...[create, create, create, create, makeGenerated, createOddly, get, get, list, list, listPart],
  ...[replace, replace, replace, patch, patch, patch, patch, patchMetadata, patchMetadata, patchOddly],
  ...[replaceStatus, patchStatus, remove, remove, remove, removeMany, oddPath],
];

const odd: ReadonlySet<Maker> = new Set([createOddly, patchOddly, oddPath]);

function create(context: Context): Step {
  const { collection, draw } = context;
  const body = draftOf(context, { name: draw(names) });
  return { method: "POST", path: collection + draw(queries), body: () => body };
}

function makeGenerated(context: Context): Step {
  const { collection, draw, count } = context;
  const { name: _, ...body } = draftOf(context, { generateName: `made-${count}-` });
  return { method: "POST", path: collection + draw(["", "", "?dryRun=All"]), body: () => body };
}

function createOddly(context: Context): Step {
  const { collection, draw } = context;
  const body = draftOf(context, { name: draw(names) });
  const metadata = isObject(body["metadata"]) ? body["metadata"] : {};
  const odd: readonly JsonValue[] = [
    ...[
      { ...body, kind: "Gadget" },
      { ...body, apiVersion: "v7" },
      { ...body, metadata: { ...metadata, name: "" } },
    ],
    { ...body, metadata: { ...metadata, namespace: "other" } },
    { ...body, metadata: { ...metadata, resourceVersion: "7" } },
    { ...body, metadata: { ...metadata, uid: "mine", creationTimestamp: "2020-01-01T00:00:00Z" } },
    { ...body, metadata: { ...metadata, deletionTimestamp: "2020-01-01T00:00:00Z", selfLink: "/x" } },
    { ...body, status: { phase: "Ready", active: 1 } },
    ...[[], "x", 3, {}, { ...body, metadata: "x" }, { ...body, metadata: { ...metadata, labels: ["a"] } }],
  ];
  const chosen = draw(odd);
  return { method: "POST", path: collection + draw(["", "", "?dryRun=None"]), body: () => chosen };
}

function get({ collection, draw }: Context): Step {
  const end = draw(["", "", "", "/status", "/log"]);
  const accept = draw([
    "application/json",
    "application/json",
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
  ]);
  return { method: "GET", path: `${collection}/${draw(names)}${end === "/log" ? "" : end}`, accept };
}

const accepts = [
  ...["application/json", "application/json"],
  ...["Table", "PartialObjectMetadataList"].map((as) => `application/json;as=${as};g=meta.k8s.io;v=v1`),
];

function list({ collection, draw }: Context): Step {
  const query = draw([
    ...[[], [], [`labelSelector=${encodeURIComponent(draw(labelSelectors))}`]],
    [`fieldSelector=${encodeURIComponent(draw(fieldSelectors))}`],
    ["resourceVersion=0"],
    ["resourceVersion=x"],
    ["resourceVersionMatch=Exact"],
    ["resourceVersion=0", "resourceVersionMatch=Exact"],
    ["limit=x"],
    ["limit=-1"],
    ["continue=xyz"],
    ["timeoutSeconds=5"],
  ]);
  return { method: "GET", path: `${collection}?${query.join("&")}`, accept: draw(accepts) };
}

/** The test asks for the other pages. */
function listPart({ collection, draw }: Context): Step {
  const selector = draw(["", "", "&labelSelector=a", "&labelSelector=a%3Db"]);
  return { method: "GET", path: `${collection}?limit=${draw([1, 2, 3])}${selector}` };
}

/** What this server has at the path, changed as `change` says. */
function lastState(known: Known, path: string, fallback: JsonObject): readonly JsonObject[] {
  const states = known(path);
  return states.length === 0 ? [fallback] : states;
}

const identities = [
  "current",
  "current",
  "current",
  "stale",
  "none",
  "other uid",
  "unknown version",
  "other name",
] as const;

function replace(context: Context): Step {
  const { resource, collection, draw } = context;
  const path = `${collection}/${draw(names)}`;
  const identity = draw(identities);
  const change = draw([
    ...[...(kept[resource.kind]?.changes ?? []), ...(objects[resource.kind] ?? [])],
    ...[{}, {}, { metadata: { labels: { a: draw(["b", "c"]) } } }, { metadata: { uid: null } }],
    { metadata: { creationTimestamp: "2020-01-01T00:00:00Z", ownerReferences: null, finalizers: ["example.com/x"] } },
  ]);
  const fallback = unknownObject(context, path);
  return {
    method: "PUT",
    path: path + draw(queries),
    body: (known) => identified(mergePatch(lastState(known, path, fallback)[0] ?? {}, change), identity, known(path)),
  };
}

function identified(
  object: JsonObject,
  identity: (typeof identities)[number],
  states: readonly JsonObject[],
): JsonObject {
  const metadata = isObject(object["metadata"]) ? object["metadata"] : {};
  const stale = states[1]?.["metadata"];
  switch (identity) {
    case "stale":
      return mergePatch(object, {
        metadata: { resourceVersion: (isObject(stale) ? stale["resourceVersion"] : undefined) ?? "1" },
      });
    case "none":
      return mergePatch(object, { metadata: { resourceVersion: null, uid: null } });
    case "other uid":
      return mergePatch(object, { metadata: { uid: "00000000-0000-0000-0000-000000000000" } });
    case "unknown version":
      return mergePatch(object, { metadata: { resourceVersion: "999999999" } });
    case "other name":
      return mergePatch(object, { metadata: { name: "another" } });
    default:
      return { ...object, metadata };
  }
}

/** What is sent where the server has shown no such object yet. */
function unknownObject(context: Context, path: string): JsonObject {
  return draftOf(context, { name: path.split("/").at(-1) ?? "" });
}

const statuses: readonly JsonObject[] = [
  ...[{}, { phase: "Ready" }, { phase: "Running" }, { phase: 3 }, { foo: "bar" }, { active: 1 }, { conditions: [] }],
  {
    conditions: [{ type: "X", status: "True", reason: "R", message: "m", lastTransitionTime: "2026-01-01T00:00:00Z" }],
  },
  { lastScheduleTime: "2026-01-01T00:00:00Z" },
];

function replaceStatus(context: Context): Step {
  const { collection, draw } = context;
  const path = `${collection}/${draw(names)}`;
  const identity = draw(identities);
  const status = draw(statuses);
  const fallback = unknownObject(context, path);
  const more = draw<JsonObject>([{}, {}, { spec: { paused: true } }, { metadata: { labels: { from: "status" } } }]);
  return {
    method: "PUT",
    path: `${path}/status${draw(queries)}`,
    body: (known) =>
      identified(mergePatch(lastState(known, path, fallback)[0] ?? {}, { ...more, status }), identity, known(path)),
  };
}

function patchStatus({ collection, draw }: Context): Step {
  const status = draw<JsonValue>([...statuses, null, "x"]);
  const more = draw<JsonObject>([{}, {}, { spec: { paused: true } }, { metadata: { labels: { from: "status" } } }]);
  return {
    ...{ method: "PATCH", path: `${collection}/${draw(names)}/status${draw(queries)}`, contentType: merge },
    body: () => ({ ...more, status }),
  };
}

function remove({ collection, draw }: Context): Step {
  const path = `${collection}/${draw(names)}`;
  const kind = draw([
    ...([
      "none",
      "none",
      "none",
      "Background",
      "Foreground",
      "Orphan",
      "Sideways",
      "uid",
      "other uid",
      "version",
    ] as const),
    ...(["stale", "grace", "dry run", "both", "kind", "negative"] as const),
  ]);
  if (kind === "none") return { method: "DELETE", path: path + draw(["", "", "?gracePeriodSeconds=0", "?dryRun=All"]) };
  return {
    method: "DELETE",
    path,
    isOdd: kind === "kind",
    body: (known) => {
      const metadata = known(path)[0]?.["metadata"];
      const { uid = "none", resourceVersion = "1" } = isObject(metadata) ? metadata : {};
      const options: Readonly<Record<string, JsonObject>> = {
        uid: { preconditions: { uid } },
        "other uid": { preconditions: { uid: "00000000-0000-0000-0000-000000000000" } },
        version: { preconditions: { resourceVersion } },
        stale: { preconditions: { resourceVersion: "1" } },
        grace: { gracePeriodSeconds: 0 },
        negative: { gracePeriodSeconds: -5 },
        "dry run": { dryRun: ["All"] },
        both: { propagationPolicy: "Orphan", orphanDependents: true },
        kind: { kind: "Gadget" },
      };
      return { apiVersion: "v1", kind: "DeleteOptions", ...(options[kind] ?? { propagationPolicy: kind }) };
    },
  };
}

function removeMany({ collection, draw }: Context): Step {
  const query = draw(["labelSelector=a%3Db", "labelSelector=x", "fieldSelector=metadata.name%3Dtwo", "", "dryRun=All"]);
  return { method: "DELETE", path: `${collection}?${query}` };
}

function oddPath(context: Context): Step {
  const { collection, draw } = context;
  const body = draftOf(context, { name: "one" });
  return draw<Step>([
    { method: "GET", path: `${collection}/one/nothing` },
    // of custom resources Kubernetes passes over what follows
    ...(collection.includes("appscode.com") ? [] : [{ method: "GET", path: `${collection}/one/status/more` } as const]),
    { method: "GET", path: `${collection.replace("/namespaces/demo", "")}/one` },
    { method: "GET", path: `${collection.replace("/demo/", "/nowhere/")}` },
    { method: "GET", path: `${collection.replace("/demo/", "/nowhere/")}/one` },
    {
      method: "POST",
      path: collection.replace("/demo/", "/nowhere/"),
      body: () => ({ ...body, metadata: { name: "one" } }),
    },
    { method: "POST", path: collection.replace("/namespaces/demo", ""), body: () => body },
    { method: "PUT", path: collection, body: () => body },
    { method: "PATCH", path: collection, contentType: merge, body: () => ({}) },
    { method: "POST", path: `${collection}/one/status`, body: () => body },
    { method: "DELETE", path: `${collection}/one/status` },
    { method: "GET", path: `${collection}s` },
    { method: "GET", path: `${collection}?watch=true&resourceVersion=x` },
    { method: "GET", path: `${collection}?watch=true&labelSelector=a%3D%3D%3D` },
  ]);
}
