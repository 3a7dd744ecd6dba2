import { expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { list, longName, oneOf, parsed, readValues, text, toggle, whole } from "./option.ts";

const table = {
  all: toggle("-a, --all", ""),
  name: text("--name <text>", ""),
  size: parsed("--size <n>", "", Number),
  count: whole("--count <n>", "", { min: 1, max: 5 }),
  kind: oneOf("--kind <kind>", "", ["file", "memory"]),
  tags: list("--tag <tag>", "", (tag) => tag.toUpperCase()),
};

test.each([
  ["nothing given", {}, { all: false, tags: [] }],
  ["a switch", { all: ["true"] }, { all: true, tags: [] }],
  ["the last of several texts", { name: ["a", "b"] }, { all: false, name: "b", tags: [] }],
  ["each of a list", { tags: ["a", "b"] }, { all: false, tags: ["A", "B"] }],
  [
    "numbers and words",
    { count: ["5"], kind: ["file"], size: ["7"] },
    { all: false, count: 5, kind: "file", size: 7, tags: [] },
  ],
])("%s", (_title, given, values) => expect(readValues(table, given)).toEqual(values));

test.each([
  [{ name: [""] }, "--name needs a value, not an empty text"],
  [{ count: ["0"] }, '--count: "0" is not a whole number from 1 to 5'],
  [{ count: ["-1"] }, '--count: "-1" is not a whole number from 1 to 5'],
  [{ count: ["1.5"] }, '--count: "1.5" is not a whole number from 1 to 5'],
  [{ count: ["99999999999999999999"] }, '--count: "99999999999999999999" is not a whole number from 1 to 5'],
  [{ kind: ["tape"] }, '--kind: "tape" is none of: file, memory'],
])("%j is wrong use", (given, message) => {
  const read = () => readValues(table, given);
  expect(read).toThrow(new Failure("usage", message));
  expect(read).toThrow(Failure);
});

test("the long name is what messages use", () => expect(longName("-r, --repo <url>")).toBe("--repo"));
