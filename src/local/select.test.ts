import { expect, test } from "vitest";
import { parseLabelSelector } from "./select.ts";

function picks(text: string): readonly string[] | string {
  const selection = parseLabelSelector(text);
  if (selection.kind === "refused") return selection.message;
  return Object.entries(labelled)
    .filter(([, labels]) => selection.matches({ metadata: labels === undefined ? {} : { labels } }))
    .map(([name]) => name);
}

const labelled = {
  bare: undefined,
  blue: { tier: "blue", size: "5" },
  red: { tier: "red", size: "x" },
  empty: { tier: "" },
} as const;

test.each([
  ["", ["bare", "blue", "red", "empty"]],
  ["tier=blue", ["blue"]],
  ["tier == blue", ["blue"]],
  ["tier!=blue", ["bare", "red", "empty"]],
  ["tier in (blue, red)", ["blue", "red"]],
  ["tier\tin\n(blue)", ["blue"]],
  ["tier notin (blue,red)", ["bare", "empty"]],
  ["tier", ["blue", "red", "empty"]],
  ["!tier", ["bare"]],
  ["! tier", ["bare"]],
  ["tier=", ["empty"]],
  ["tier=,size", []],
  ["tier in ()", ["empty"]],
  ["tier in (,blue)", ["blue", "empty"]],
  ["tier in (blue,)", ["blue", "empty"]],
  ["tier,size=5", ["blue"]],
  ["size>4", ["blue"]],
  ["size<5", []],
  ["in", []],
  ["in in (in)", []],
  ["constructor", []],
  ["constructor notin (a)", ["bare", "blue", "red", "empty"]],
  ["x/y=z", []],
])("the label selector %j picks %j", (text, names) => {
  expect(picks(text)).toEqual(names);
});

const key = "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'";
const keyForm = `alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is ${key})`;
const valueForm =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** As kube-apiserver 1.35 answers. */
test.each([
  [",", "found ',', expected: !, identifier, or 'end of string'"],
  ["a in (b,", "unable to parse requirement: found '', expected: ',', or identifier"],
  ["a in b", "unable to parse requirement: found 'b' expected: '('"],
  ["a=b=c", "found '=', expected: ',' or 'end of string'"],
  ["=b", "found '=', expected: !, identifier, or 'end of string'"],
  ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  [
    "a>x",
    `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
  ],
  ["a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"],
  ["a=b,", "found '', expected: identifier after ','"],
  ["a=b,,c", "found ',', expected: identifier after ','"],
  [
    "x/y/z=z",
    `unable to parse requirement: <nil>: Invalid value: "x/y/z": a valid label key must consist of ${keyForm} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
  ],
  ["-a=b", `unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of ${keyForm}`],
  ["a=-b", `unable to parse requirement: values[0][a]: Invalid value: "-b": ${valueForm}`],
  ["a=ä", `unable to parse requirement: values[0][a]: Invalid value: "ä": ${valueForm}`],
  ["a not in (b)", "unable to parse requirement: found 'not', expected: in, notin, =, ==, !=, gt, lt"],
  ["a=b c", "found 'c', expected: ',' or 'end of string'"],
  ["!a=b", "found '=', expected: ',' or 'end of string'"],
  ["a!", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"],
  ["(a)", "found '(', expected: !, identifier, or 'end of string'"],
  ["a=(b)", "unable to parse requirement: found '(', expected: identifier"],
  ["a in (b))", "found ')', expected: ',' or 'end of string'"],
  ["a>=1", "unable to parse requirement: found '=', expected: identifier"],
  ["a>-1", `unable to parse requirement: values[0][a]: Invalid value: "-1": ${valueForm}`],
  ["a===b", "unable to parse requirement: found '=', expected: identifier"],
  [
    `a=${"x".repeat(64)}`,
    `unable to parse requirement: values[0][a]: Invalid value: "${"x".repeat(64)}": must be no more than 63 bytes`,
  ],
])("the label selector %j is refused", (text, message) => {
  expect(picks(text)).toBe(message);
});
