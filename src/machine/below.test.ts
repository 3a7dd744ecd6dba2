import { expect, test } from "vitest";
import { below } from "./below.ts";

test.each([
  ["a", "/data/v/a"],
  ["a/b", "/data/v/a/b"],
  ["a/../b", "/data/v/b"],
  ["..a", "/data/v/..a"],
  ["../a", undefined],
  ["a/../../v-too/b", undefined],
  ["../../../../../api/ESCAPED", undefined],
  ["/etc/passwd", undefined],
  ["..", undefined],
  [".", undefined],
  ["a/", undefined],
  ["", undefined],
])("%j in a volume is %s", (path, found) => expect(below("/data/v", path)).toBe(found));
