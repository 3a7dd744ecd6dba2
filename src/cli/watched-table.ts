import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { KubeFailure, watchFailure } from "../kube/failure.ts";
import { collectionPath, query } from "../kube/paths.ts";
import { pause } from "../kube/requests.ts";
import { linesOf } from "../kube/watch-stream.ts";
import type { ClusterDesk } from "./cluster-desk.ts";
import { nameOf } from "./cluster-kinds.ts";
import type { Target } from "./cluster-operands.ts";
import { type GetView, whereOf, yamlOf } from "./get-view.ts";
import { alignRows, cellsOf, columnsOf, objectOf, type ServerRow, ServerTable, tableAccept } from "./server-table.ts";

const Event = z.object({ type: z.string(), object: z.unknown() });
const secondsOfWatch = 300;
const pauseMs = 1_000;

/** Shows what is there, then every change, until the signal is aborted. */
export async function showChanges(desk: ClusterDesk, target: Target | undefined, view: GetView): Promise<never> {
  if (target === undefined) throw new Failure("usage", "no kind is named");
  const show = showerOf(target, view);
  const known = new Map<string, string>();
  const path = pathOf(desk, target, view);
  for (;;) {
    const { table, version } = await list(desk, path);
    const fresh = table.rows.filter((row) => isNews(known, row));
    show(table, fresh);
    await watchFrom(desk, path, { version, known, show });
    await pause(pauseMs, desk.signal);
  }
}

type Show = (table: ServerTable, rows: readonly ServerRow[]) => void;

function pathOf(
  desk: ClusterDesk,
  target: Target,
  { options }: GetView,
): (more: Parameters<typeof query>[0]) => string {
  const { namespace, ...selection } = whereOf(desk, target, options);
  const [name] = target.names;
  const only = name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
  return (more) =>
    `${collectionPath(target.kind, namespace)}${query({ ...selection, ...only, ...more, includeObject: "Object" })}`;
}

async function list({ requests, signal }: ClusterDesk, path: ReturnType<typeof pathOf>) {
  const action = "listing what is to be watched";
  const answer = await requests.json({ method: "GET", path: path({}), action, accept: tableAccept, signal });
  const table = ServerTable.parse(answer);
  return { table, version: table.metadata?.resourceVersion ?? "" };
}

interface Watching {
  readonly version: string;
  readonly known: Map<string, string>;
  readonly show: Show;
}

/** Watches again and again; returns when a new list is needed. */
async function watchFrom(
  desk: ClusterDesk,
  path: ReturnType<typeof pathOf>,
  { version, known, show }: Watching,
): Promise<void> {
  let from = version;
  for (;;) {
    const asked = path({ watch: true, resourceVersion: from, timeoutSeconds: secondsOfWatch });
    try {
      for await (const table of changes(desk, asked)) {
        const news = table.rows.filter((row) => isNews(known, row));
        from = table.rows.map(versionOf).at(-1) ?? from;
        show(table, news);
      }
    } catch (error) {
      desk.signal.throwIfAborted();
      if (KubeFailure.isReason(error, "Expired")) return;
      if (isFinal(error)) throw error;
    }
    await pause(pauseMs, desk.signal);
  }
}

/** Refused, and not because too much is going on: the next watch would be too. */
function isFinal(error: unknown): boolean {
  return error instanceof KubeFailure && error.status >= 400 && error.status < 500 && error.status !== 429;
}

/** One connection; each event is a table of one row. */
async function* changes({ requests, signal }: ClusterDesk, path: string): AsyncGenerator<ServerTable, void, undefined> {
  const action = "watching";
  const { body } = await requests.open({ method: "GET", path, action, accept: tableAccept, isWatch: true, signal });
  let columns: ServerTable["columnDefinitions"] = [];
  for await (const line of linesOf(body)) {
    const { type, object } = Event.parse(JSON.parse(line));
    if (type === "ERROR") throw watchFailure(action, object);
    const table = ServerTable.safeParse(object).data;
    if (table === undefined || type === "BOOKMARK") continue;
    // only the first event of a connection names them
    if (table.columnDefinitions.length > 0) columns = table.columnDefinitions;
    yield { ...table, columnDefinitions: columns };
  }
}

function versionOf(row: ServerRow): string {
  return objectOf(row)?.metadata.resourceVersion ?? "";
}

/** A list after a watch says most things again. */
function isNews(known: Map<string, string>, row: ServerRow): boolean {
  const { namespace = "", name = "", uid = "" } = objectOf(row)?.metadata ?? {};
  const [key, version] = [`${namespace}/${name}/${uid}`, versionOf(row)];
  if (known.get(key) === version) return false;
  known.set(key, version);
  return true;
}

function showerOf({ kind }: Target, { printer, options }: GetView): Show {
  const { output } = options;
  if (printer.format === "json") {
    return (_table, rows) => {
      for (const row of rows) printer.record(whole(row));
    };
  }
  if (output === "name") {
    return (_table, rows) => printer.lines(...rows.map((row) => nameOf(kind, objectOf(row)?.metadata.name ?? "")));
  }
  if (output === "yaml") {
    return (_table, rows) => printer.lines(...rows.flatMap((row) => ["---", yamlOf(whole(row))]));
  }
  const align = alignRows();
  const withNamespace = options.allNamespaces && kind.scope === "Namespaced";
  const view = { kind, isWide: output === "wide", withNamespace, withKind: false };
  let isHeaded = false;
  return (table, rows) => {
    if (rows.length === 0) return;
    const cells = rows.map((row) => cellsOf(table, row, view));
    printer.lines(...align(isHeaded ? cells : [columnsOf(table, view), ...cells]));
    isHeaded = true;
  };
}

/** Without managedFields, which are of no use to people. */
function whole(row: ServerRow): unknown {
  const object = objectOf(row);
  if (object === undefined) return row.object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
