import { expect, test } from "vitest";
import { outdatedOf } from "./runs.ts";

test.each([
  [[], []],
  [[0], []],
  [[0, 1], []],
  [[0, 1, 2], [0]],
  // as a folder lists them
  [
    [10, 11, 7, 8, 9],
    [7, 8, 9],
  ],
])("of the attempts %j takes away %j", (attempts, outdated) => expect(outdatedOf(attempts)).toEqual(outdated));
