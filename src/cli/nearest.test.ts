import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

test.each([
  ["taks", "task"],
  ["backupconfigration", "backupconfigurations"],
  ["bx", "bc"],
  ["volcano", undefined],
])("%s: %s", (word, found) => expect(nearest(word, ["task", "backupconfigurations", "bc", "secrets"])).toBe(found));
