import { Failure } from "../../kit/failures.ts";
import { KubeFailure } from "../../kube/failure.ts";
import { collectionPath, objectPath, query } from "../../kube/paths.ts";
import { type ClusterDesk, openDesk } from "../cluster-desk.ts";
import { AnyObject, nameOf, type ServedKind } from "../cluster-kinds.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { ApplyOptions } from "../commands/apply.ts";
import { type Manifest, readManifests, unknownField } from "../manifest.ts";
import { appliedText, lastApplied, lastOf, threeWay } from "../three-way.ts";
import { visible } from "../visible.ts";

type Result = "created" | "configured" | "unchanged";

interface Applied {
  readonly kind: ServedKind;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly result: Result | "failed";
  readonly failure: Failure | undefined;
}

/** One object that is to be as a manifest says. */
interface Wish {
  readonly manifest: Manifest;
  readonly kind: ServedKind;
  readonly namespace: string | undefined;
}

const manager = "coldstream";
/** What an API server takes of annotations in all, with room for others. */
const annotationLimit = 250_000;
const mostTries = 5;

export async function applyManifests(context: CommandContext, options: ApplyOptions): Promise<Outcome> {
  const { printer, environment, signal } = context;
  const manifests = await readManifests(options.filename, { workingFolder: environment.workingFolder, signal });
  await using desk = openDesk(context, options);
  const applied: Applied[] = [];
  for (const manifest of manifests) {
    const one = await applyOne(desk, manifest, options);
    applied.push(one);
    if (one.failure === undefined) printer.done(lineOf(one, options));
    else if (manifests.length > 1) printer.warn(one.failure.message);
  }
  printer.document({ applied: applied.map((one) => documentOf(one, options)) });
  return conclude(applied);
}

function lineOf({ kind, name, result }: Applied, { dryRun, output }: ApplyOptions): string {
  if (output === "name") return visible(nameOf(kind, name));
  const how = dryRun === undefined ? "" : dryRun === "server" ? " (server dry run)" : " (dry run)";
  return `${visible(nameOf(kind, name))} ${result}${how}`;
}

function documentOf({ kind, name, namespace, result, failure }: Applied, { dryRun }: ApplyOptions) {
  const { group, version } = kind;
  const apiVersion = group === "" ? version : `${group}/${version}`;
  const object = { apiVersion, kind: kind.kind, namespace: namespace ?? null, name };
  return { ...object, result, dryRun: dryRun ?? null, failure: failure ?? null };
}

function conclude(applied: readonly Applied[]): Outcome {
  const failures = applied.flatMap(({ failure }) => failure ?? []);
  const [first] = failures;
  if (first === undefined || applied.length === 1) return first;
  if (failures.length === applied.length && failures.every(({ code }) => code === first.code)) return first;
  return new Failure("partly-done", `${failures.length} of ${applied.length} objects could not be applied`, {
    hint: "correct them and apply again: what is as it should be stays",
  });
}

async function applyOne(desk: ClusterDesk, manifest: Manifest, options: ApplyOptions): Promise<Applied> {
  const { apiVersion, kind, metadata } = manifest.object;
  const found = await desk.kinds.ofManifest(apiVersion, kind);
  const wish = { manifest, kind: found, namespace: namespaceOf(desk, manifest, found) };
  const of = { kind: found, name: metadata.name, namespace: wish.namespace };
  try {
    return { ...of, result: await makeSo(desk, wish, options), failure: undefined };
  } catch (error) {
    desk.signal.throwIfAborted();
    const failure = explained(error, wish);
    // whoever is not let in at all need not try the others
    if (KubeFailure.isReason(error, "Unreachable", "Unauthorized")) throw failure;
    return { ...of, result: "failed", failure };
  }
}

function namespaceOf(desk: ClusterDesk, { object, place }: Manifest, { scope, kind }: ServedKind): string | undefined {
  if (scope === "Cluster") return undefined;
  const { name, namespace } = object.metadata;
  if (desk.isNamespaceGiven && namespace && namespace !== desk.namespace) {
    const message = `${place}: ${kind} ${name} is for the namespace ${namespace}, not ${desk.namespace}`;
    throw new Failure("usage", message, { hint: "leave out -n, or the namespace in the file" });
  }
  return namespace || desk.namespace;
}

async function makeSo(desk: ClusterDesk, wish: Wish, options: ApplyOptions): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      const key = { namespace: wish.namespace, name: wish.manifest.object.metadata.name };
      const live = await desk.cluster.get(wish.kind, key, desk);
      return live === undefined ? await create(desk, wish, options) : await change(desk, wish, { live, options });
    } catch (error) {
      if (!KubeFailure.isReason(error, "AlreadyExists", "Conflict") || tries === mostTries) throw error;
    }
  }
}

/** The object as it is sent, with what kubectl needs to go on from it. */
function wantedOf({ manifest, namespace }: Wish) {
  const { metadata, ...rest } = manifest.object;
  const place = namespace === undefined ? metadata : { ...metadata, namespace };
  const text = appliedText({ ...rest, metadata: place });
  const noted = text.length > annotationLimit ? {} : { [lastApplied]: text };
  return { ...rest, metadata: { ...place, annotations: { ...metadata.annotations, ...noted } } };
}

function asked({ dryRun }: ApplyOptions): string {
  return query({ fieldManager: manager, fieldValidation: "Strict", dryRun: dryRun === "server" ? "All" : undefined });
}

async function create(desk: ClusterDesk, wish: Wish, options: ApplyOptions): Promise<Result> {
  if (options.dryRun === "client") return "created";
  const { requests, signal } = desk;
  const path = `${collectionPath(wish.kind, wish.namespace)}${asked(options)}`;
  const body = JSON.stringify(wantedOf(wish));
  await requests.json({ method: "POST", path, body, action: actionOf("making", wish), signal });
  return "created";
}

async function change(
  desk: ClusterDesk,
  wish: Wish,
  { live, options }: { readonly live: AnyObject; readonly options: ApplyOptions },
): Promise<Result> {
  const { requests, signal } = desk;
  const last = lastOf(live.metadata.annotations);
  const patch = patchFor(last, wantedOf(wish), live);
  if (patch === undefined) return "unchanged";
  if (options.dryRun === "client") return "configured";
  const { resourceVersion, name = "" } = live.metadata;
  const path = `${objectPath(wish.kind, { namespace: wish.namespace, name })}${asked(options)}`;
  const metadata = { ...(patch["metadata"] as object | undefined), resourceVersion };
  const answer = await requests.json({
    ...{ method: "PATCH", path, body: JSON.stringify({ ...patch, metadata }), signal },
    contentType: "application/merge-patch+json",
    action: actionOf("changing", wish),
  });
  return isSame(AnyObject.parse(answer), live) ? "unchanged" : "configured";
}

/** A status is the operator's; keys that a Secret was given as text lie in `data` afterwards. */
function patchFor(
  { status: _was, ...last }: Readonly<Record<string, unknown>>,
  { status: _is, ...wanted }: Readonly<Record<string, unknown>>,
  live: AnyObject,
): Readonly<Record<string, unknown>> | undefined {
  if (live.kind !== "Secret") return threeWay(last, wanted, live);
  return threeWay(asData(last), asData(wanted), live);
}

function asData(secret: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { stringData, data, ...rest } = secret;
  if (typeof stringData !== "object" || stringData === null) return secret;
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString("base64"),
  ]);
  return { ...rest, data: { ...(data as object | undefined), ...Object.fromEntries(encoded) } };
}

function isSame(one: AnyObject, other: AnyObject): boolean {
  return one.metadata.resourceVersion === other.metadata.resourceVersion;
}

function actionOf(verb: string, { kind, namespace, manifest }: Wish): string {
  const { name } = manifest.object.metadata;
  return `${verb} ${kind.kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

/** With the file and the line that it is about. */
function explained(error: unknown, { manifest }: Wish): Failure {
  const failure = Failure.from(error);
  const field = /unknown field "([^"]+)"/.exec(failure.message)?.[1];
  if (field !== undefined) return unknownField(field, manifest);
  if (!(failure instanceof KubeFailure) || failure.status === 0) return failure;
  const { code, hint, status } = failure;
  const isImmutable = /immutable|cannot be changed|may not change/i.test(failure.message);
  const advice = isImmutable ? "delete it and apply again, or give it another name" : hint;
  return new Failure(status === 400 ? "configuration-invalid" : code, `${manifest.place}: ${failure.message}`, {
    cause: failure.cause,
    ...(advice === undefined ? {} : { hint: advice }),
  });
}
