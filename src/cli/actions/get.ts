import { Failure } from "../../kit/failures.ts";
import { namespaces } from "../../kube/core.ts";
import { KubeFailure } from "../../kube/failure.ts";
import { collectionPath, objectPath, query } from "../../kube/paths.ts";
import { keyText } from "../../kube/resource.ts";
import { type ClusterDesk, openDesk } from "../cluster-desk.ts";
import { type AnyObject, nameOf } from "../cluster-kinds.ts";
import { readTargets, type Target } from "../cluster-operands.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { GetOptions } from "../commands/get.ts";
import { type GetView, whereOf, yamlOf } from "../get-view.ts";
import { missingObject, namespaceFor } from "../missing-object.ts";
import { alignRows, cellsOf, columnsOf, ServerTable, type TableView, tableAccept } from "../server-table.ts";
import { visible } from "../visible.ts";
import { showChanges } from "../watched-table.ts";

export async function getObjects(
  context: CommandContext,
  options: GetOptions,
  operands: readonly string[],
): Promise<Outcome> {
  const { printer } = context;
  await using desk = openDesk(context, options);
  const targets = await readTargets(desk.kinds, operands);
  checkChoice(targets, options);
  if (options.watch) return await showChanges(desk, targets[0], { printer, options });
  if (options.output === undefined || options.output === "wide") {
    if (printer.format === "text") return await showTables(desk, targets, { printer, options });
  }
  return await showObjects(desk, targets, { printer, options });
}

function checkChoice(targets: readonly Target[], { selector, fieldSelector, watch, ...options }: GetOptions): void {
  const isNamed = targets.some(({ names }) => names.length > 0);
  if (isNamed && (selector ?? fieldSelector) !== undefined)
    throw new Failure("usage", "give names or a selector, not both");
  if (isNamed && options.allNamespaces) {
    throw new Failure("usage", "a name belongs to one namespace, so it does not go with --all-namespaces");
  }
  const [first] = targets;
  if (watch && (targets.length !== 1 || (first?.names.length ?? 0) > 1)) {
    throw new Failure("usage", "one kind can be watched, all of it or one object");
  }
}

async function showTables(
  desk: ClusterDesk,
  targets: readonly Target[],
  { printer, options }: GetView,
): Promise<Outcome> {
  const withKind = targets.length > 1;
  const blocks: string[][] = [];
  const missing: Failure[] = [];
  for (const target of targets) {
    const withNamespace = options.allNamespaces && target.kind.scope === "Namespaced";
    const view = { kind: target.kind, isWide: options.output === "wide", withNamespace, withKind };
    const found = await tablesOf(desk, target, options);
    missing.push(...found.missing);
    if (found.items.some(({ rows }) => rows.length > 0)) blocks.push(tableLines(found.items, view));
  }
  printer.lines(...blocks.flatMap((lines, at) => (at === 0 ? lines : ["", ...lines])));
  if (blocks.length === 0 && missing.length === 0) await noteNothing(desk, targets, { printer, options });
  return conclude(missing);
}

function tableLines(tables: readonly ServerTable[], view: TableView): string[] {
  const [first] = tables;
  const titles = first === undefined ? [] : columnsOf(first, view);
  return alignRows()([titles, ...tables.flatMap((table) => table.rows.map((row) => cellsOf(table, row, view)))]);
}

interface Found<T> {
  readonly missing: readonly Failure[];
  readonly items: readonly T[];
}

async function tablesOf(desk: ClusterDesk, target: Target, options: GetOptions): Promise<Found<ServerTable>> {
  const { kind, names } = target;
  if (names.length === 0) return { missing: [], items: await pagesOf(desk, target, options) };
  const namespace = namespaceFor(desk, kind);
  const answers = await Promise.all(
    names.map(async (name) => {
      try {
        return await readTable(desk, objectPath(kind, { namespace, name }), `reading ${nameOf(kind, name)}`);
      } catch (error) {
        if (!KubeFailure.isReason(error, "NotFound")) throw error;
        return await missingObject(desk, kind, name);
      }
    }),
  );
  return parted(answers);
}

function parted<T>(answers: readonly (T | Failure)[]): Found<T> {
  return {
    missing: answers.filter((answer) => answer instanceof Failure),
    items: answers.filter((answer): answer is T => !(answer instanceof Failure)),
  };
}

const pageItems = 500;

async function pagesOf(desk: ClusterDesk, target: Target, options: GetOptions): Promise<readonly ServerTable[]> {
  const { kind } = target;
  const { namespace, ...selection } = whereOf(desk, target, options);
  const pages: ServerTable[] = [];
  let next: string | undefined;
  do {
    const asked = query({ ...selection, limit: pageItems, continue: next });
    const page = await readTable(desk, `${collectionPath(kind, namespace)}${asked}`, `listing ${kind.plural}`);
    pages.push(page);
    next = page.metadata?.continue || undefined;
  } while (next !== undefined);
  return pages;
}

async function readTable({ requests, signal }: ClusterDesk, path: string, action: string): Promise<ServerTable> {
  const answer = ServerTable.safeParse(
    await requests.json({ method: "GET", path, action, accept: tableAccept, signal }),
  );
  if (answer.success) return answer.data;
  throw new Failure("cluster-refused", `${action}: the server makes no table of it`, {
    hint: "see the objects themselves with -o yaml",
  });
}

/** As YAML, JSON, or names. */
async function showObjects(
  desk: ClusterDesk,
  targets: readonly Target[],
  { printer, options }: GetView,
): Promise<Outcome> {
  const found = await Promise.all(
    targets.map(async (target) => ({ kind: target.kind, ...(await objectsOf(desk, target, options)) })),
  );
  const missing = found.flatMap((each) => each.missing);
  if (options.output === "name") {
    const named = found.flatMap(({ items, kind }) => items.map(({ metadata }) => nameOf(kind, metadata.name ?? "")));
    printer.lines(...named.map(visible));
    return conclude(missing);
  }
  const objects = found.flatMap(({ items }) => items);
  const isOne = targets.every(({ names }) => names.length === 1) && targets.length === 1;
  const [only] = objects;
  if (isOne && only === undefined) return conclude(missing);
  const shown = isOne ? only : { apiVersion: "v1", kind: "List", items: objects, metadata: { resourceVersion: "" } };
  if (options.output === "yaml") printer.lines(yamlOf(shown));
  else printer.document(shown);
  return conclude(missing);
}

async function objectsOf(desk: ClusterDesk, target: Target, options: GetOptions): Promise<Found<AnyObject>> {
  const { kind, names } = target;
  if (names.length === 0) {
    const { items } = await desk.cluster.list(kind, whereOf(desk, target, options), desk);
    return { missing: [], items };
  }
  const namespace = namespaceFor(desk, kind);
  const answers = await Promise.all(
    names.map(
      async (name) => (await desk.cluster.get(kind, { namespace, name }, desk)) ?? missingObject(desk, kind, name),
    ),
  );
  return parted(answers);
}

function conclude(missing: readonly Failure[]): Outcome {
  const [first] = missing;
  if (first === undefined || missing.length === 1) return first;
  return new Failure("object-not-found", missing.map(({ message }) => message).join("; "), { hint: first.hint ?? "" });
}

/** An empty list says nothing about a namespace that is not there. */
async function noteNothing(
  desk: ClusterDesk,
  targets: readonly Target[],
  { printer, options }: GetView,
): Promise<void> {
  const isLocal = targets.some(({ kind }) => kind.scope === "Namespaced") && !options.allNamespaces;
  if (!isLocal) return printer.note("nothing found");
  const name = desk.namespace;
  const isThere = await desk.cluster.get(namespaces, { name }, desk).catch(() => "unknown" as const);
  const place = `namespace ${visible(keyText({ name }))}`;
  printer.note(
    isThere === undefined
      ? `nothing found: there is no ${place}`
      : `nothing found in ${place}; -n names another, -A looks in all`,
  );
}
