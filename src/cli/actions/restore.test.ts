import { expect, test } from "vitest";
import { Failure } from "../../kit/failures.ts";
import { readRename } from "../commands/restore.ts";
import { selectStreams } from "./restore.ts";

test.each([
  ["every stream", { all: true }, [], []],
  ["named streams, each once", {}, ["A", "B", "A"], ["A", "B"]],
  ["streams that are only renamed", { rename: ["A=B"] }, [], ["A"]],
  ["named streams of which one is renamed", { rename: ["A=B"] }, ["A", "C"], ["A", "C"]],
  ["every stream, one of them renamed", { all: true, rename: ["A=B"] }, [], []],
])("%s", (_title, { all = false, rename = [] }: { all?: boolean; rename?: string[] }, operands, streams) =>
  expect(selectStreams({ all, rename: rename.map(readRename) }, operands)).toEqual(streams),
);

test.each([
  ["nothing named", {}, []],
  ["names and --all", { all: true }, ["A"]],
  ["a renamed stream that is not restored", { rename: ["A=B"] }, ["C"]],
  ["a stream renamed twice", { rename: ["A=B", "A=C"] }, ["A"]],
])("%s is wrong use", (_title, { all = false, rename = [] }: { all?: boolean; rename?: string[] }, operands) =>
  expect(() => selectStreams({ all, rename: rename.map(readRename) }, operands)).toThrow(Failure),
);

test.each(["", "A", "=B", "A=", "A=B=C"])("%j is no rename", (text) => expect(() => readRename(text)).toThrow(Failure));
