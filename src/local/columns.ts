import type { Column as KindColumn } from "../api/kinds.ts";
import { age } from "./columns-age.ts";
import { at, type JsonObject, type JsonValue, textAt } from "./json.ts";

/** A column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0: always shown; 1: with `-o wide`. */
  readonly priority: number;
  /** `now` in ms since 1970, for ages. */
  readonly cell: (object: JsonObject, now: number) => JsonValue;
}

type Cell = Column["cell"];
const plain = { type: "string", format: "", description: "", priority: 0 } as const;

export const nameColumn: Column = {
  ...{ ...plain, name: "Name", format: "name", description: "Name must be unique within a namespace." },
  cell: (object) => textAt(object, "metadata", "name"),
};

/** A column of a built-in kind. Kubernetes describes them too, but nothing shows that. */
export function column(name: string, cell: Cell, more: Partial<Pick<Column, "type" | "priority">> = {}): Column {
  return { ...plain, ...more, name, cell };
}

/** A column that only `-o wide` shows. */
export function wide(name: string, cell: Cell): Column {
  return column(name, cell, { priority: 1 });
}

export const ageColumn: Column = column("Age", (object, now) => age(at(object, "metadata", "creationTimestamp"), now));

/** A text at a path of field names, "" where there is none. */
export function textColumn(name: string, ...path: readonly string[]): Column {
  return column(name, (object) => textAt(object, ...path));
}

/** The columns of a kind of ours: what its CustomResourceDefinition says, after the name. */
export function columnsOfKind(columns: readonly KindColumn[]): readonly Column[] {
  return [nameColumn, ...columns.map(printed)];
}

function printed({ name, type, format, jsonPath }: KindColumn): Column {
  const path = jsonPath.split(".").slice(1);
  const description = `Custom resource definition column (in JSONPath format): ${jsonPath}`;
  return {
    ...{ name, type, format: format ?? "", description, priority: 0 },
    cell: (object, now) => printedCell(type, at(object, ...path), now),
  };
}

/** Nothing is shown for what is not there, nor for what is of another type. */
function printedCell(type: KindColumn["type"], value: JsonValue | undefined, now: number): JsonValue {
  if (value === undefined || value === null) return null;
  switch (type) {
    case "string":
      return typeof value === "object" ? JSON.stringify(value) : String(value);
    case "date":
      return typeof value === "string" ? age(value, now) : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    default:
      throw new Error(`unknown type of column ${type satisfies never}`);
  }
}
