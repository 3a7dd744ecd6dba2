import { expect, test } from "vitest";
import { configChanges } from "./config-changes.ts";

test.each([
  ["the same", { name: "A", max_age: 5n }, { name: "A", max_age: 5n, added: true }, [], []],
  ["a field left out silently", { allow_msg_ttl: true }, {}, [], [/does not know allow_msg_ttl/]],
  ["a field refused and taken out", { persist_mode: "async" }, {}, ["persist_mode"], [/does not know persist_mode/]],
  [
    "defaults that are left out",
    { sealed: false, max_age: 0n, sources: [], metadata: {}, description: "" },
    {},
    [],
    [],
  ],
  [
    "a value that was changed",
    { duplicate_window: 5n },
    { duplicate_window: 2n },
    [],
    [/set duplicate_window to 2, stored is 5/],
  ],
])("%s", (_title, wanted, got, dropped, expected) => {
  const notes = configChanges(wanted, got, dropped);
  expect(notes).toHaveLength(expected.length);
  for (const [index, pattern] of expected.entries()) expect(notes[index]).toMatch(pattern);
});
