import { expect, test } from "vitest";
import { canonicalQuantity, compareQuantities } from "./quantity.ts";

test.each([
  ["1", "1"],
  ["1024Mi", "1Gi"],
  ["1536Mi", "1536Mi"],
  ["0.5Gi", "512Mi"],
  ["512", "512"],
  ["1Ki", "1Ki"],
  ["0.5Ki", "512"],
  ["1024", "1024"],
  ["1000", "1k"],
  ["1000m", "1"],
  ["0.5", "500m"],
  [".5", "500m"],
  ["1.", "1"],
  ["100m", "100m"],
  ["1.5G", "1500M"],
  ["1e9", "1e9"],
  ["1e3", "1e3"],
  ["12e5", "1200e3"],
  ["-1Gi", "-1Gi"],
  ["+1", "1"],
  ["0", "0"],
  ["0Gi", "0"],
  ["0.0000000001", "1n"],
  ["", undefined],
  [".", undefined],
  ["x", undefined],
  ["1 Gi", undefined],
  ["1gi", undefined],
  ["1e99999999", undefined],
])("%j is kept as %j", (text, kept) => {
  expect(canonicalQuantity(text)).toBe(kept);
});

test.each([
  ["1Gi", "1G", 1],
  ["1024Mi", "1Gi", 0],
  ["500m", "1", -1],
])("%s against %s: %i", (one, other, order) => {
  expect(compareQuantities(one, other)).toBe(order);
});
