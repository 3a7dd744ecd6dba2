import { mistake } from "./template-mistake.ts";
import { type Word, wordsOf } from "./template-words.ts";

/** A template as it was read: texts, and what is to be put between them. */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipeline: Pipeline }
  | { readonly kind: "if"; readonly branches: readonly Branch[]; readonly otherwise: readonly Node[] };

export interface Branch {
  readonly condition: Pipeline;
  readonly nodes: readonly Node[];
}

/** Each call is given the result of the one before as its last argument. */
export type Pipeline = readonly Term[];

export type Term =
  | { readonly kind: "literal"; readonly value: string | number | boolean | undefined }
  | { readonly kind: "field"; readonly names: readonly string[] }
  | { readonly kind: "call"; readonly name: string; readonly terms: readonly Term[] }
  | { readonly kind: "pipeline"; readonly pipeline: Pipeline };

type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly words: readonly Word[]; readonly source: string };

/** Throws `configuration-invalid` with what is not understood. */
export function parseTemplate(text: string): readonly Node[] {
  const pieces = piecesOf(text);
  const { nodes, end } = readNodes(pieces);
  if (end !== undefined) throw mistake(`{{${end.source}}} has no {{if}} before it`);
  return nodes;
}

const comment = /^\s*\/\*[\s\S]*\*\/\s*$/;

/** Blanks beside `{{-` and `-}}` go, as Go has it. */
function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  const pattern = /\{\{(-\s)?((?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|\/\*[\s\S]*?\*\/|(?!\}\}|\/\*)[^"`])*?)(\s-)?\}\}/y;
  let at = 0;
  let isTrimmed = false;
  const add = (part: string) => {
    const left = isTrimmed ? part.trimStart() : part;
    if (left !== "") pieces.push({ kind: "text", text: left });
  };
  for (let open = text.indexOf("{{"); open !== -1; open = text.indexOf("{{", at)) {
    const before = text.slice(at, open);
    pattern.lastIndex = open;
    const match = pattern.exec(text);
    if (match === null) throw mistake(`{{ without }} at ${JSON.stringify(text.slice(open, open + 20))}`);
    const [whole, first, source = "", last] = match;
    add(first === undefined ? before : before.trimEnd());
    if (!comment.test(source)) pieces.push({ kind: "action", words: wordsOf(source), source: source.trim() });
    at = open + whole.length;
    isTrimmed = last !== undefined;
  }
  add(text.slice(at));
  return pieces;
}

type Action = Extract<Piece, { kind: "action" }>;

interface Read {
  readonly nodes: readonly Node[];
  /** The `else` or `end` that closes them. */
  readonly end: Action | undefined;
}

/** Takes pieces from the front, up to an `else` or `end` that is not its own. */
function readNodes(pieces: Piece[]): Read {
  const nodes: Node[] = [];
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
    if (piece.kind === "text") {
      nodes.push(piece);
      continue;
    }
    const [first] = piece.words;
    if (first === undefined) throw mistake("{{}} holds nothing");
    const word = first.kind === "name" ? first.text : "";
    if (word === "else" || word === "end") return { nodes, end: piece };
    if (unsupported.has(word)) throw mistake(`{{${word}}} is not supported`, "there are if, else, end, and functions");
    nodes.push(
      word === "if" ? readIf(piece, pieces) : { kind: "print", pipeline: pipelineOf(piece.words, piece.source) },
    );
  }
  return { nodes, end: undefined };
}

const unsupported = new Set(["range", "with", "define", "template", "block", "break", "continue"]);

function readIf(opening: Action, pieces: Piece[]): Node {
  const branches: Branch[] = [];
  let condition = pipelineOf(opening.words.slice(1), opening.source);
  for (;;) {
    const { nodes, end } = readNodes(pieces);
    if (end === undefined) throw mistake(`{{${opening.source}}} has no {{end}}`);
    branches.push({ condition, nodes });
    const [first, second] = end.words;
    if (first?.kind === "name" && first.text === "end") return { kind: "if", branches, otherwise: [] };
    if (second === undefined) return { kind: "if", branches, otherwise: readElse(opening, pieces) };
    if (second.kind !== "name" || second.text !== "if") throw mistake(`{{${end.source}}} is not understood`);
    condition = pipelineOf(end.words.slice(2), end.source);
  }
}

function readElse(opening: Action, pieces: Piece[]): readonly Node[] {
  const { nodes, end } = readNodes(pieces);
  const [first] = end?.words ?? [];
  if (first?.kind === "name" && first.text === "end") return nodes;
  throw mistake(`{{${opening.source}}} has no {{end}}`);
}

function pipelineOf(words: readonly Word[], source: string): Pipeline {
  const left = [...words];
  const pipeline = readPipeline(left, source);
  if (left.length > 0) throw mistake(`{{${source}}} has a ) too many`);
  return pipeline;
}

/** Takes words from the front, up to a `)` that is not its own. */
function readPipeline(words: Word[], source: string): Pipeline {
  const pipeline: Term[] = [];
  for (;;) {
    const term = readCommand(words, source);
    if (pipeline.length > 0 && term.kind !== "call") throw mistake(`{{${source}}}: only functions come after a |`);
    pipeline.push(term);
    const next = words[0];
    if (next?.kind !== "mark" || next.text !== "|") return pipeline;
    words.shift();
  }
}

/** A function with its arguments, or one value. */
function readCommand(words: Word[], source: string): Term {
  const terms: Term[] = [];
  const [first] = words;
  const name = first?.kind === "name" && !Object.hasOwn(constants, first.text) ? first.text : undefined;
  if (name !== undefined) words.shift();
  for (let next = words[0]; next !== undefined && !isEnd(next); next = words[0]) {
    words.shift();
    terms.push(termOf(next, words, source));
  }
  if (name !== undefined) return { kind: "call", name, terms };
  const [only, more] = terms;
  if (only === undefined) throw mistake(`{{${source}}}: something is missing`);
  if (more !== undefined) throw mistake(`{{${source}}}: a value takes no arguments`);
  return only;
}

const constants: Readonly<Record<string, boolean | undefined>> = { true: true, false: false, nil: undefined };

function termOf(word: Word, words: Word[], source: string): Term {
  switch (word.kind) {
    case "literal":
    case "field":
      return word;
    case "name":
      return Object.hasOwn(constants, word.text)
        ? { kind: "literal", value: constants[word.text] }
        : { kind: "call", name: word.text, terms: [] };
    case "mark": {
      const pipeline = readPipeline(words, source);
      if (words.shift() === undefined) throw mistake(`{{${source}}} has a ( too many`);
      return { kind: "pipeline", pipeline };
    }
    default:
      throw new Error(`unknown word ${word satisfies never}`);
  }
}

function isEnd(word: Word): boolean {
  return word.kind === "mark" && word.text !== "(";
}
