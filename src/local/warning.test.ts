import { expect, test } from "vitest";
import { warningHeader } from "./warning.ts";

/** As kube-apiserver 1.35 sends them. */
test.each([
  ["unknown field", '299 - "unknown field"'],
  ['unknown field "a"', String.raw`299 - "unknown field \"a\""`],
  [String.raw`unknown field "a\tb\\"`, String.raw`299 - "unknown field \"a\\tb\\\\\""`],
  ['unknown field "名前é😀"', String.raw`299 - "unknown field \"名前é😀\""`],
  ['unknown field "\x7f"', String.raw`299 - "unknown field \"\\x7f\""`],
])("%j", (message, header) => {
  const sent = warningHeader(message);
  // the bytes of it are what counts
  expect(sent).toMatch(/^[\x20-\x7e\x80-\xff]*$/);
  expect(Buffer.from(sent, "latin1").toString("utf8")).toBe(header);
});
