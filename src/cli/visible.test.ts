import { expect, test } from "vitest";
import { visible, visibleSentence } from "./visible.ts";

test.each([
  ["plain names stay", "ORDERS-1_$x", "ORDERS-1_$x"],
  ["letters of any script stay", "Bestellungen_äöü_注文", "Bestellungen_äöü_注文"],
  ["controls are escaped", "A\u0007B\u001b[31mC\u007f\u009b", "A\\x07B\\x1b[31mC\\x7f\\x9b"],
  ["line ends are escaped", "A\nB\r", "A\\x0aB\\x0d"],
  ["text that reorders or hides is escaped", "A\u202eB\u200bC\u2028", "A\\u202eB\\u200bC\\u2028"],
  ["a byte that was no UTF-8 stays as it was decoded", "A\ufffdB", "A\ufffdB"],
  ["a lone surrogate is escaped", "A\ud800B", "A\\ud800B"],
  ["private characters are escaped", "\u{f0000}", "\\u{f0000}"],
  ["a backslash is told from an escape", "A\\x07", "A\\\\x07"],
])("%s", (_title, text, shown) => expect(visible(text)).toBe(shown));

test("in sentences a backslash is only a backslash", () => expect(visibleSentence("C:\\x\u0007")).toBe("C:\\x\\x07"));
