import { z } from "zod";
import { type AnyObject, nameOf, AnyObject as ObjectSchema, type ServedKind } from "./cluster-kinds.ts";
import { width } from "./table.ts";
import { visibleSentence } from "./visible.ts";

/** What API servers send when a table is asked for. */
export const tableAccept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

const Cell = z.union([z.string(), z.number(), z.boolean(), z.null(), z.unknown()]);
export const ServerTable = z.object({
  kind: z.literal("Table"),
  metadata: z.object({ resourceVersion: z.string().nullish(), continue: z.string().nullish() }).nullish(),
  columnDefinitions: z
    .array(z.object({ name: z.string(), priority: z.int().nullish() }))
    .nullish()
    .transform((columns) => columns ?? []),
  rows: z
    .array(z.object({ cells: z.array(Cell), object: z.unknown() }))
    .nullish()
    .transform((rows) => rows ?? []),
});
export type ServerTable = z.infer<typeof ServerTable>;
export type ServerRow = ServerTable["rows"][number];

export interface TableView {
  readonly kind: ServedKind;
  readonly isWide: boolean;
  readonly withNamespace: boolean;
  /** Names as KIND/NAME: several kinds are shown. */
  readonly withKind: boolean;
}

export function columnsOf({ columnDefinitions }: ServerTable, { isWide, withNamespace }: TableView): readonly string[] {
  const shown = columnDefinitions.filter(({ priority }) => isWide || (priority ?? 0) === 0);
  return [...(withNamespace ? ["NAMESPACE"] : []), ...shown.map(({ name }) => name.toUpperCase())];
}

export function cellsOf({ columnDefinitions }: ServerTable, row: ServerRow, view: TableView): readonly string[] {
  const { metadata } = objectOf(row) ?? {};
  const shown = columnDefinitions.flatMap(({ name, priority }, at) => {
    if (!view.isWide && (priority ?? 0) > 0) return [];
    const cell = cellText(row.cells[at]);
    return [view.withKind && name.toLowerCase() === "name" ? nameOf(view.kind, cell) : cell];
  });
  return [...(view.withNamespace ? [metadata?.namespace ?? ""] : []), ...shown];
}

/** The object, or the part of it, that a row is about. */
export function objectOf({ object }: ServerRow): AnyObject | undefined {
  return ObjectSchema.safeParse(object).data;
}

/** As kubectl shows it; of a text with several lines the first. */
function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return "";
  const text = Array.isArray(cell) || typeof cell === "object" ? JSON.stringify(cell) : String(cell);
  const [first = ""] = text.split(/[\f\n\r]/);
  return visibleSentence(first === text ? text : `${first}...`);
}

/** Rows below each other as kubectl aligns them: three spaces between, at least six columns each, and never narrower again. */
export function alignRows(): (rows: readonly (readonly string[])[]) => string[] {
  const widths: number[] = [];
  return (rows) => {
    for (const row of rows) {
      for (const [at, cell] of row.slice(0, -1).entries()) widths[at] = Math.max(widths[at] ?? 6, width(cell) + 3);
    }
    return rows.map((row) =>
      row
        .map((cell, at) => (at === row.length - 1 ? cell : cell + " ".repeat((widths[at] ?? 0) - width(cell))))
        .join("")
        .trimEnd(),
    );
  };
}
