import { Failure } from "../../kit/failures.ts";
import { objectPath } from "../../kube/paths.ts";
import { pause } from "../../kube/requests.ts";
import { keyText } from "../../kube/resource.ts";
import { type ClusterDesk, openDesk } from "../cluster-desk.ts";
import { type AnyObject, nameOf, type ServedKind } from "../cluster-kinds.ts";
import { readTargets } from "../cluster-operands.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { DeleteOptions } from "../commands/delete.ts";
import { readManifests } from "../manifest.ts";
import { missingObject, namespaceFor } from "../missing-object.ts";
import type { Printer } from "../printer.ts";
import { visible } from "../visible.ts";

interface Doomed {
  readonly kind: ServedKind;
  readonly name: string;
  readonly namespace: string | undefined;
  /** undefined: it is not there. */
  readonly object: AnyObject | undefined;
}

const usualTimeoutMs = 60_000;
const pauseMs = 250;

export async function deleteObjects(
  context: CommandContext,
  options: DeleteOptions,
  operands: readonly string[],
): Promise<Outcome> {
  const { printer } = context;
  await using desk = openDesk(context, options);
  const doomed = await find(desk, context, { options, operands });
  const deleted: Doomed[] = [];
  const failures: Failure[] = [];
  for (const one of doomed) {
    if (one.object === undefined) {
      if (!options.ignoreNotFound) failures.push(await missingObject(within(desk, one), one.kind, one.name));
      continue;
    }
    noteConsequences(printer, one.object);
    if (options.dryRun !== "client") await remove(desk, one, options);
    deleted.push(one);
    printer.done(lineOf(one, options));
  }
  if (doomed.length === 0) printer.note("nothing found, nothing deleted");
  if (options.wait && options.dryRun === undefined) await waitForAll(desk, deleted, options.timeout ?? usualTimeoutMs);
  const items = deleted.map(({ kind, name, namespace }) => ({ kind: kind.kind, namespace: namespace ?? null, name }));
  printer.document({ deleted: items, dryRun: options.dryRun ?? null, missing: failures });
  const [first] = failures;
  if (first === undefined || failures.length === 1) return first;
  return new Failure("object-not-found", failures.map(({ message }) => message).join("; "));
}

function within(desk: ClusterDesk, { namespace }: Doomed): ClusterDesk {
  return namespace === undefined ? desk : { ...desk, namespace };
}

interface Asked {
  readonly options: DeleteOptions;
  readonly operands: readonly string[];
}

async function find(
  desk: ClusterDesk,
  { environment }: CommandContext,
  { options, operands }: Asked,
): Promise<Doomed[]> {
  if (options.filename.length > 0) {
    if (operands.length > 0) throw new Failure("usage", "give files or objects, not both");
    // what was made first goes last
    const manifests = (
      await readManifests(options.filename, { workingFolder: environment.workingFolder, signal: desk.signal })
    ).toReversed();
    return await Promise.all(
      manifests.map(async ({ object: { apiVersion, kind, metadata } }) => {
        const found = await desk.kinds.ofManifest(apiVersion, kind);
        const namespace = metadata.namespace || namespaceFor(desk, found);
        return await look(desk, { kind: found, name: metadata.name, namespace });
      }),
    );
  }
  const targets = await readTargets(desk.kinds, operands);
  const { selector, all } = options;
  const found = targets.map(async ({ kind, names }): Promise<readonly Doomed[]> => {
    const namespace = namespaceFor(desk, kind);
    if (names.length > 0) {
      if (all || selector !== undefined) throw new Failure("usage", "give names, or --selector, or --all");
      return await Promise.all(names.map((name) => look(desk, { kind, name, namespace })));
    }
    if (!all && selector === undefined) {
      throw new Failure("usage", `which ${kind.plural} is not said`, { hint: "give names, --selector or --all" });
    }
    const where = { namespace, ...(selector === undefined ? {} : { labelSelector: selector }) };
    const { items } = await desk.cluster.list(kind, where, desk);
    return items.map((object) => ({ kind, name: object.metadata.name ?? "", namespace, object }));
  });
  return (await Promise.all(found)).flat();
}

async function look(desk: ClusterDesk, { kind, name, namespace }: Omit<Doomed, "object">): Promise<Doomed> {
  const place = kind.scope === "Cluster" ? undefined : namespace;
  return { kind, name, namespace: place, object: await desk.cluster.get(kind, { namespace: place, name }, desk) };
}

/** Nobody is asked, so what goes with it is said. */
function noteConsequences(printer: Printer, { kind, metadata, ...object }: AnyObject): void {
  const name = visible(metadata.name ?? "");
  const spec = object["spec"];
  const wipes = typeof spec === "object" && spec !== null && "wipeOut" in spec && spec.wipeOut === true;
  if (kind === "Repository") {
    printer.note(
      wipes
        ? `Repository ${name} has wipeOut: the backups in it are deleted with it`
        : `the backups of Repository ${name} stay where they are`,
    );
  }
  if (kind === "BackupConfiguration") printer.note(`the backups that BackupConfiguration ${name} made stay`);
  if (kind === "Namespace") printer.note(`everything in namespace ${name} is deleted with it`);
}

async function remove(
  desk: ClusterDesk,
  { kind, name, namespace, object }: Doomed,
  options: DeleteOptions,
): Promise<void> {
  const { requests, signal } = desk;
  const uid = object?.metadata.uid;
  const body = {
    ...{ apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background" },
    ...(uid === undefined ? {} : { preconditions: { uid } }),
    // a server that reads a body does not look for it in the path
    ...(options.dryRun === "server" ? { dryRun: ["All"] } : {}),
  };
  const key = { namespace, name };
  await requests.text({
    ...{ method: "DELETE", path: objectPath(kind, key), body: JSON.stringify(body), signal },
    action: `deleting ${kind.kind} ${keyText(key)}`,
  });
}

function lineOf({ kind, name, object }: Doomed, { dryRun, output }: DeleteOptions): string {
  const word = visible(nameOf(kind, name));
  if (output === "name") return word;
  if (dryRun !== undefined) return `${word} deleted ${dryRun === "server" ? "(server dry run)" : "(dry run)"}`;
  const { finalizers } = object?.metadata ?? {};
  return `${word} deleted${(finalizers ?? []).length > 0 ? ", as soon as the operator has cleaned up after it" : ""}`;
}

async function waitForAll(desk: ClusterDesk, doomed: readonly Doomed[], timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  for (const { kind, name, namespace, object } of doomed) {
    const key = { namespace, name };
    for (;;) {
      const found = await desk.cluster.get(kind, key, desk);
      if (found === undefined || found.metadata.uid !== object?.metadata.uid) break;
      if (performance.now() > endMs) throw stillThere(found, keyText(key));
      await pause(pauseMs, desk.signal);
    }
  }
}

function stillThere({ kind, metadata: { finalizers } }: AnyObject, name: string): Failure {
  const holders = (finalizers ?? []).map(visible).join(", ");
  return new Failure("timed-out", `${kind} ${name} is still there`, {
    hint:
      holders === "" ? "wait longer with --timeout" : `it waits for its finalizers: ${holders}; does the operator run?`,
  });
}
