// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Failure } from "../../kit/failures.ts";
import { substitute, variablesOf } from "./substitute.ts";

const variables = new Map([
  ["letters", "abcdEFGH28ij"],
  ["empty", ""],
  ["path", "/home/bozo/ideas/thoughts.for.today"],
  ["file", "bash.string.txt"],
  ["folders", "path/to/file"],
  ["twice", "abcABC123ABCabc"],
  ["braces", "${letters}"],
  ["greek", "αβγδ"],
]);

function expand(text: string): string {
  return substitute(text, variables, "Function f");
}

describe("a text", () => {
  test.each([
    // value
    ["nothing to do", "nothing to do"],
    ["${letters}", "abcdEFGH28ij"],
    ["a ${letters} b ${empty} c", "a abcdEFGH28ij b  c"],
    ["$letters $(letters) $", "$letters $(letters) $"],
    // defaults: for absent ones only
    ["${absent:=d}|${absent=d}|${absent:-d}", "d|d|d"],
    ["${empty:=d}|${empty=d}|${empty:-d}", "||"],
    ["${letters:=d}", "abcdEFGH28ij"],
    ["${absent:=}", ""],
    ["${absent:=a b/c:d#e}", "a b/c:d#e"],
    ["${absent:=${letters^^}}", "ABCDEFGH28IJ"],
    ["${absent:=<${other:=${empty:=x}y}>}", "<y>"],
    ["${letters:=${absent}}", "abcdEFGH28ij"],
    ["${absent:=a\\}b}", "a}b"],
    // taken, and nothing done
    ["${letters:?x}|${letters:+x}|${empty:+x}", "abcdEFGH28ij|abcdEFGH28ij|"],
    // parts
    ["${path:11}", "ideas/thoughts.for.today"],
    ["${path:11:5}", "ideas"],
    ["${letters: -2}", "ij"],
    ["${letters:99}|${letters:3:99}|${letters:x}|${letters:0:0}", "|dEFGH28ij|abcdEFGH28ij|"],
    ["${greek:1:2}", "βγ"],
    // patterns
    ["${file#*.}|${file##*.}|${file%.*}|${file%%.*}", "string.txt|txt|bash.string|bash"],
    ["${folders#*/}|${folders##*/}|${path#*/}", "to/file|file|home/bozo/ideas/thoughts.for.today"],
    [
      "${file#?ash}|${file#[a-c]ash.}|${file#[!a-c]ash}|${file%x}|${file#\\*}",
      ".string.txt|string.txt|bash.string.txt|bash.string.txt|bash.string.txt",
    ],
    ["${file#[z-a]}", "bash.string.txt"],
    // replacements are of plain texts
    [
      "${twice/abc/x}|${twice//abc/x}|${twice/#abc/x}|${twice/%abc/x}",
      "xABC123ABCabc|xABC123ABCx|xABC123ABCabc|abcABC123ABCx",
    ],
    [
      "${folders/\\//-}|${folders//\\//-}|${file/./}|${file/.}",
      "path-to/file|path-to-file|bashstring.txt|bashstring.txt",
    ],
    ["${twice/abc/$&}|${twice/nothing/x}", "$&ABC123ABCabc|abcABC123ABCabc"],
    // case and length
    ["${letters^}|${letters^^}|${letters,}|${letters,,}", "AbcdEFGH28ij|ABCDEFGH28IJ|abcdEFGH28ij|abcdefgh28ij"],
    ["${#letters}|${#empty}|${#greek}", "12|0|4"],
    // plain braces, and values that look like variables
    ["$${letters}", "${letters}"],
    ["some ${letters}$${var$${letters}$letters${letters}", "some abcdEFGH28ij${var${letters}$lettersabcdEFGH28ij"],
    ["${braces}", "${letters}"],
  ])("%s becomes %s", (given, wanted) => expect(expand(given)).toBe(wanted));

  test.each([
    ["${absent}", "Function f: the object: the variable absent is not set"],
    ["${absent:?x}", "the variable absent is not set"],
    ["${absent:+x}", "the variable absent is not set"],
    ["${absent^^}", "the variable absent is not set"],
    ["${#absent}", "the variable absent is not set"],
    ["${absent:=${other}}", "the variable other is not set"],
    ["${}", '"${}" is no variable'],
    ["${a.b}", '"${a.b}" is no variable'],
    ["${letters", '"${letters" is no variable'],
    ["${letters:=x", '"${letters:=x" is no variable'],
    ["${letters^x}", '"${letters^x}" is no variable'],
    ["${list[@]}", '"${list[@]}" is no variable'],
  ])("%s is refused: %s", (given, sentence) => {
    expect(() => expand(given)).toThrow(expect.objectContaining({ code: "configuration-invalid" }));
    expect(() => expand(given)).toThrow(sentence);
  });
});

describe("a tree", () => {
  test("keeps its fields' names, its numbers and its lists", () => {
    const tree = { "${letters}": ["${empty}", 5, true, null], inner: { text: "-${letters^}-" } };
    expect(substitute(tree, variables, "x")).toEqual({
      "${letters}": ["", 5, true, null],
      inner: { text: "-AbcdEFGH28ij-" },
    });
  });
  test("says where a variable is missing, and what to do", () => {
    const tree = { spec: { args: ["a", "--x=${missing}"] } };
    const failure = failureOf(() => substitute(tree, variables, "Function nats-backup"));
    expect(failure.message).toBe("Function nats-backup: spec.args[1]: the variable missing is not set");
    expect(failure.hint).toBe("give the param missing, or write ${missing:=default} in the Function");
  });
  test("names the variables it looks at, those in defaults too", () => {
    const tree = { a: ["${one:=${two}}", "${three:${four}}", "${five%${six}}", "${seven/${eight}/x}", "$${nine}"] };
    const names = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
    expect([...variablesOf(tree, "x")]).toEqual(names);
  });
  test("has the same shape whatever the values hold, and they arrive as they are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.jsonValue(), (value, other) => {
        const plain = JSON.parse(JSON.stringify(other).replaceAll("$", "S"));
        const tree = { plain, args: ["${V}", "--v=${V:=x}", "$${V}"], nested: { a: { b: "<${V}>" } } };
        expect(substitute(tree, new Map([["V", value]]), "x")).toEqual({
          plain,
          args: [value, `--v=${value}`, "${V}"],
          nested: { a: { b: `<${value}>` } },
        });
      }),
    );
  });
  test("with plain text in it stays as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        fc.pre(!text.includes("${"));
        expect(substitute({ text }, new Map(), "x")).toEqual({ text });
      }),
    );
  });
});

function failureOf(run: () => unknown): Failure {
  try {
    run();
  } catch (error) {
    if (Failure.is(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
