import { expect, test } from "vitest";
import { formatFields, formatTable, width } from "./table.ts";

test("columns are aligned, numbers to the right, without trailing spaces", () =>
  expect(
    formatTable(
      [{ title: "STREAM" }, { title: "MESSAGES", align: "right" }, { title: "STATE" }],
      [
        ["ORDERS", "1,000", "saved"],
        ["注文", "7", ""],
      ],
    ),
  ).toEqual(["STREAM  MESSAGES  STATE", "ORDERS     1,000  saved", "注文           7"]));

test("fields are put under each other", () =>
  expect(
    formatFields([
      ["id", "1"],
      ["repository", "/x"],
    ]),
  ).toEqual(["id:          1", "repository:  /x"]));

test.each([
  ["abc", 3],
  ["注文", 4],
  ["e\u0301", 1],
  ["🚀", 2],
])("%s takes its columns", (text, columns) => expect(width(text)).toBe(columns));
