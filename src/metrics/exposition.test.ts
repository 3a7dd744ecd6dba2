import { expect, test } from "vitest";
import { exposition } from "./exposition.ts";
import { seriesOf } from "./table.ts";

const invoker = { invoker_kind: "K", invoker_name: "n", namespace: "ns", driver: "Restic", repository: "r" };
const text = 'invoker_kind="K",invoker_name="n",namespace="ns",driver="Restic",repository="r"';

test("groups series by name, in the table's order, with help and type", () => {
  const series = [
    ...seriesOf("coldstream_queue_depth", { kind: "Repository" }, 2),
    ...seriesOf("coldstream_leader", {}, true),
    ...seriesOf("coldstream_queue_depth", { kind: "BackupSession" }, 0),
  ];
  expect(exposition(series)).toBe(
    `# HELP coldstream_leader Whether this operator is the one that works: 1 or 0
# TYPE coldstream_leader gauge
coldstream_leader 1
# HELP coldstream_queue_depth Objects that wait for their turn
# TYPE coldstream_queue_depth gauge
coldstream_queue_depth{kind="Repository"} 2
coldstream_queue_depth{kind="BackupSession"} 0
`,
  );
});

test("gives Stash's figures under both names", () => {
  const lines = exposition(seriesOf("stash_appscode_com_backupsession_success", invoker, false)).split("\n");
  expect(lines.filter((line) => !line.startsWith("#"))).toEqual([
    `stash_appscode_com_backupsession_success{${text}} 0`,
    `stash_backup_session_success{${text}} 0`,
    "",
  ]);
});

test.each([
  ['a "quoted" name', String.raw`a \"quoted\" name`],
  ["a\\b", String.raw`a\\b`],
  ["two\nlines", String.raw`two\nlines`],
  ["ünï—code", "ünï—code"],
  ["half a pair \ud800", "half a pair \ufffd"],
  ["", ""],
])("escapes the label %j", (value, escaped) => {
  expect(exposition(seriesOf("coldstream_queue_depth", { kind: value }, 1))).toContain(`{kind="${escaped}"} 1\n`);
});

test.each([
  [0.1, "0.1"],
  [1e21, "1e+21"],
  [2 ** 53, "9007199254740992"],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "+Inf"],
  [Number.NEGATIVE_INFINITY, "-Inf"],
  [new Date(1_763_719_200_123), "1763719200.123"],
  [true, "1"],
])("writes %s", (value, written) => {
  expect(exposition(seriesOf("coldstream_leader", {}, value))).toContain(`\ncoldstream_leader ${written}\n`);
});

test("keeps the last of two series that differ in their value alone", () => {
  const twice = [...seriesOf("coldstream_leader", {}, 1), ...seriesOf("coldstream_leader", {}, 0)];
  expect(exposition(twice).match(/^coldstream_leader .*$/gm)).toEqual(["coldstream_leader 0"]);
});

test("says nothing of what has no value, and refuses what is in no table", () => {
  expect(exposition(seriesOf("coldstream_leader", {}, undefined))).toBe("");
  expect(() => exposition([{ name: "other", labels: {}, value: 1 }])).toThrow("no metric other");
});
