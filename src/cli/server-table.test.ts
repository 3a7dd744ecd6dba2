import { expect, test } from "vitest";
import { knownKinds } from "./cluster-kinds.ts";
import { alignRows, cellsOf, columnsOf, ServerTable } from "./server-table.ts";

const [kind] = knownKinds();
const table = ServerTable.parse({
  kind: "Table",
  columnDefinitions: [{ name: "Name" }, { name: "Last-Backup", priority: 0 }, { name: "Node", priority: 1 }],
  rows: [
    { cells: ["a", null, "n"], object: { apiVersion: "v1", kind: "x", metadata: { name: "a", namespace: "demo" } } },
  ],
});
const usual = { kind: kind ?? (undefined as never), isWide: false, withNamespace: false, withKind: false };

test.each([
  ["as they are", usual, ["NAME", "LAST-BACKUP"], ["a", ""]],
  ["wide", { ...usual, isWide: true }, ["NAME", "LAST-BACKUP", "NODE"], ["a", "", "n"]],
  ["with namespaces", { ...usual, withNamespace: true }, ["NAMESPACE", "NAME", "LAST-BACKUP"], ["demo", "a", ""]],
  ["with kinds", { ...usual, withKind: true }, ["NAME", "LAST-BACKUP"], ["repository.stash.appscode.com/a", ""]],
])("rows %s", (_title, view, titles, cells) => {
  expect(columnsOf(table, view)).toEqual(titles);
  expect(table.rows.map((row) => cellsOf(table, row, view))).toEqual([cells]);
});

test("what would move the cursor is not printed, and of several lines the first", () => {
  const row = { cells: ["a\u001b[2J", "one\ntwo", ""], object: {} };
  expect(cellsOf(table, row, usual)).toEqual(["a\\x1b[2J", "one..."]);
});

test("columns grow and never shrink", () => {
  const align = alignRows();
  expect(
    align([
      ["A", "B"],
      ["long name", "x"],
    ]),
  ).toEqual(["A           B", "long name   x"]);
  expect(align([["b", "y"]])).toEqual(["b           y"]);
  expect(alignRows()([["A", "B"]])).toEqual(["A     B"]);
});
