import { expect, test } from "vitest";
import { openRestic } from "./runner.ts";

test.each([
  ["rest:http://jo:p%40ss@h:1/r", 'Head "http://jo:***@h:1/r/config": EOF', 'Head "http://h:1/r/config": EOF'],
  ["rest:http://jo:p%40ss@h:1/r", "p%40ss, p@ss and correct horse", "***, *** and ***"],
  ["rest:http://token@h:1/r", 'Head "http://token@h:1/r/config": EOF', 'Head "http://h:1/r/config": EOF'],
  ["s3:http://h/a@b", 'Get "http://h/a@b/x@y": EOF', 'Get "http://h/a@b/x@y": EOF'],
])("%s: what restic says is shown without users and secrets", (url, said, shown) => {
  const restic = openRestic({ url, password: { kind: "text", text: "correct horse" }, baseEnv: {} });
  expect(restic.hide(said)).toBe(shown);
});
