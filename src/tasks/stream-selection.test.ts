import { expect, test } from "vitest";
import { selectStreams } from "./stream-selection.ts";

const existing = ["ORDERS", "ORDERS_EU", "KV_settings", "KV_a", "OBJ_files", "a[1]"];

test.each([
  ["all when none is named", [], []],
  ["all for a star", ["*"], []],
  ["all for an arrow beside a name", ["ORDERS", ">"], []],
  ["one", ["ORDERS"], ["ORDERS"]],
  ["in the order asked for, each once", ["OBJ_files", "ORDERS", "OBJ_files"], ["OBJ_files", "ORDERS"]],
  ["by a beginning", ["KV_*"], ["KV_settings", "KV_a"]],
  ["by a beginning and the rest", ["ORDERS>"], ["ORDERS", "ORDERS_EU"]],
  ["by a middle", ["*_s*"], ["KV_settings"]],
  ["by an end and a name", ["*_EU", "ORDERS"], ["ORDERS_EU", "ORDERS"]],
  ["with signs that mean something elsewhere", ["a[*"], ["a[1]"]],
])("chooses %s", (_title, wanted, chosen) => {
  expect(selectStreams(wanted, existing)).toEqual(chosen);
});

test.each([
  [["ORDERS", "NOPE"], "no stream NOPE"],
  [["KV_x*", "NOPE"], "no stream KV_x*, NOPE"],
  [["kv_*"], "no stream kv_*"],
])("%j names what is missing", (wanted, message) => {
  expect(() => selectStreams(wanted, existing)).toThrow(message);
});
