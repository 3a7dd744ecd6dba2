import { expect, test } from "vitest";
import { parseViolation } from "./violation.ts";

test.each([
  ['Permissions Violation for Publish to "a.b"', { operation: "publish", subject: "a.b" }],
  ['Permissions Violation for Publish with Reply of "_INBOX.x"', { operation: "reply", subject: "_INBOX.x" }],
  ['Permissions Violation for Subscription to "a.>" using queue "q"', { operation: "subscribe", subject: "a.>" }],
  [
    'Permissions Violation for Publish to "a\\"b\\\\c\\x01\\t\\u00a0\\U0001f600é"',
    { operation: "publish", subject: 'a"b\\c\u0001\t\u00a0😀é' },
  ],
  ["Authorization Violation", undefined],
])("%s", (text, violation) => {
  expect(parseViolation(text)).toEqual(violation);
});
