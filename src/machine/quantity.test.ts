import { expect, test } from "vitest";
import { amountOf } from "./quantity.ts";

test.each([
  ["128974848", 128974848],
  ["1Gi", 2 ** 30],
  ["1.5Gi", 1.5 * 2 ** 30],
  ["129M", 129e6],
  ["129e6", 129e6],
  ["1E", 1e18],
  ["1E3", 1000],
  ["100m", 0.1],
  ["2", 2],
  [2, 2],
  ["", Number.NaN],
  ["1GB", Number.NaN],
])("%s is %d", (quantity, amount) => expect(amountOf(quantity)).toBe(amount));
