import { formatTime } from "../kit/quantities.ts";
import type { Entry } from "./entry.ts";
import { at, isObject, type JsonObject, textAt } from "./json.ts";
import {
  finalizersOf,
  find,
  isGoing,
  isUnderWay,
  metadataOf,
  type ObjectAt,
  type Objects,
  placeOf,
  textOf,
  withMetadata,
} from "./objects.ts";
import { conflict, forbidden, invalid } from "./status.ts";

export type Propagation = "Background" | "Foreground" | "Orphan";

export interface DeleteOptions {
  /** Everything but the write. */
  readonly dryRun: boolean;
  /** undefined: what the kind is usually deleted with. */
  readonly propagation: Propagation | undefined;
  /** undefined: what the pod says. */
  readonly graceSeconds: number | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface Removed {
  /** As it is now, or as it was last. */
  readonly object: JsonObject;
  readonly isGone: boolean;
}

const deleteOptions = { group: "meta.k8s.io", plural: "deleteoptions", kind: "DeleteOptions" };

export function deleteOptionsOf(body: JsonObject, query: URLSearchParams): DeleteOptions {
  const given = textAt(body, "propagationPolicy") || (query.get("propagationPolicy") ?? "");
  const grace = at(body, "gracePeriodSeconds") ?? query.get("gracePeriodSeconds") ?? undefined;
  const orphan = at(body, "orphanDependents") ?? query.get("orphanDependents") ?? undefined;
  if (given !== "" && orphan !== undefined && orphan !== null) {
    const message = `Invalid value: ${JSON.stringify(given)}: orphanDependents and deletionPropagation cannot be both set`;
    throw invalid(deleteOptions, "", [{ reason: "FieldValueInvalid", message, field: "propagationPolicy" }]);
  }
  const preconditions = at(body, "preconditions");
  const all = at(body, "dryRun");
  return {
    propagation: propagationOf(given, orphan === undefined ? undefined : String(orphan)),
    graceSeconds: grace === undefined || grace === null ? undefined : Math.max(0, Number(grace)),
    dryRun: query.get("dryRun") === "All" || (Array.isArray(all) && all.includes("All")),
    uid: textAt(preconditions, "uid"),
    resourceVersion: textAt(preconditions, "resourceVersion"),
  };
}

function propagationOf(given: string, orphan: string | undefined): Propagation | undefined {
  switch (given) {
    case "Background":
    case "Foreground":
    case "Orphan":
      return given;
    case "":
      return orphan === undefined ? undefined : orphan === "true" ? "Orphan" : "Background";
    default:
      throw invalid(deleteOptions, "", [
        {
          ...{ reason: "FieldValueNotSupported", field: "propagationPolicy" },
          message: `Unsupported value: ${JSON.stringify(given)}: supported values: "Foreground", "Background", "Orphan", "nil"`,
        },
      ]);
  }
}

/** DELETE. Resolves once it is gone, or marked as going where something holds it. */
export async function remove(objects: Objects, target: ObjectAt, options: DeleteOptions): Promise<Removed> {
  while (isUnderWay(objects, target)) await objects.store.settled();
  const entry = find(objects, target);
  checkPreconditions(target, entry, options);
  const before = entry.parse();
  if (target.resource.kind === "Namespace" && immortal.has(target.name)) {
    throw forbidden(target.resource, target.name, "this namespace may not be deleted");
  }
  const graceSeconds = graceOf(before, options.graceSeconds);
  const finalizers = withPolicy(finalizersOf(before), options.propagation ?? usualPropagation(before));
  const isHeld = finalizers.length > 0 || graceSeconds > 0 || hasContents(before);
  const held = withMetadata(before, { finalizers: finalizers.length === 0 ? undefined : finalizers });
  const isMarked = isHeld || before["kind"] === "Pod";
  const going = isMarked ? marked(objects, held, graceSeconds) : held;
  if (!isHeld) return await end(objects, target, { before, last: going === held ? before : going, options });
  if (options.dryRun || JSON.stringify(going) === JSON.stringify(before)) return { object: going, isGone: false };
  const stored = await objects.store.put(placeOf(target), (version) => textOf(going, version));
  return { object: stored.parse(), isGone: false };
}

interface End {
  readonly before: JsonObject;
  /** Another than `before`: pods are told that they go, also where nothing waits for it. */
  readonly last: JsonObject;
  readonly options: DeleteOptions;
}

/** Watchers are told what was stored last. Writes of one turn are written at once, or not at all. */
async function end({ store }: Objects, target: ObjectAt, { before, last, options }: End): Promise<Removed> {
  if (options.dryRun) return { object: last, isGone: true };
  const place = placeOf(target);
  const text = (version: number) => textOf(last, version);
  await Promise.all([...(last === before ? [] : [store.put(place, text)]), store.remove(place, text)]);
  return { object: last, isGone: true };
}

const immortal: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);

function checkPreconditions({ resource: given, name }: ObjectAt, entry: Entry, options: DeleteOptions): void {
  // Kubernetes says the kind here
  const resource = { ...given, plural: given.kind };
  const { uid } = entry;
  if (options.uid !== "" && options.uid !== uid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(resource, name, why);
  }
  const version = String(entry.version);
  if (options.resourceVersion !== "" && options.resourceVersion !== version) {
    const why = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${version}). The object might have been modified`;
    throw conflict(resource, name, why);
  }
}

/** Jobs of batch/v1 leave their pods behind unless told otherwise, for Kubernetes' sake of old clients. */
function usualPropagation(object: JsonObject): Propagation | undefined {
  const finalizers = finalizersOf(object);
  if (finalizers.includes("orphan")) return "Orphan";
  if (finalizers.includes("foregroundDeletion")) return "Foreground";
  return object["kind"] === "Job" ? "Orphan" : "Background";
}

function withPolicy(finalizers: readonly string[], propagation: Propagation | undefined): readonly string[] {
  const others = finalizers.filter((one) => one !== "orphan" && one !== "foregroundDeletion");
  switch (propagation) {
    case "Orphan":
      return [...others, "orphan"];
    case "Foreground":
      return [...others, "foregroundDeletion"];
    default:
      return others;
  }
}

/** Seconds that the node's runner has to end it. Only a pod that runs somewhere needs any. */
function graceOf(object: JsonObject, asked: number | undefined): number {
  if (object["kind"] !== "Pod") return 0;
  const phase = textAt(object, "status", "phase");
  if (textAt(object, "spec", "nodeName") === "" || phase === "Succeeded" || phase === "Failed") return 0;
  const own = at(object, "spec", "terminationGracePeriodSeconds");
  const wanted = asked ?? (typeof own === "number" ? own : 30);
  // a second deletion may hurry the first, not slow it down
  const before = metadataOf(object)["deletionGracePeriodSeconds"];
  return typeof before === "number" ? Math.min(before, wanted) : wanted;
}

function hasContents(object: JsonObject): boolean {
  const contents = at(object, "spec", "finalizers");
  return object["kind"] === "Namespace" && Array.isArray(contents) && contents.length > 0;
}

function marked({ clock }: Objects, object: JsonObject, graceSeconds: number): JsonObject {
  const metadata = metadataOf(object);
  const isShorter = Number(metadata["deletionGracePeriodSeconds"] ?? 0) > graceSeconds;
  if (isGoing(object) && !isShorter) return object;
  const { generation } = metadata;
  const going = withMetadata(object, {
    deletionTimestamp: formatTime(new Date(clock().getTime() + graceSeconds * 1000)),
    deletionGracePeriodSeconds: graceSeconds,
    generation: typeof generation === "number" && !isGoing(object) ? generation + 1 : generation,
  });
  const status = at(object, "status");
  return object["kind"] === "Namespace"
    ? {
        ...withMetadata(going, { deletionGracePeriodSeconds: undefined }),
        status: { ...(isObject(status) ? status : {}), phase: "Terminating" },
      }
    : going;
}
