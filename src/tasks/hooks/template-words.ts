import { mistake } from "./template-mistake.ts";

/** The words of an action, that is of what stands between `{{` and `}}`. */
export type Word =
  | { readonly kind: "name"; readonly text: string }
  /** `.A.B`; no names for the dot alone. */
  | { readonly kind: "field"; readonly names: readonly string[] }
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "mark"; readonly text: "|" | "(" | ")" };

const patterns: readonly (readonly [RegExp, (match: RegExpExecArray) => Word])[] = [
  [/"(?:[^"\\\n]|\\.)*"/y, ([text]) => ({ kind: "literal", value: unquoted(text) })],
  [/`[^`]*`/y, ([text]) => ({ kind: "literal", value: text.slice(1, -1) })],
  [/[-+]?\d+(?:\.\d+)?(?![\w.])/y, ([text]) => ({ kind: "literal", value: Number(text) })],
  [/\$?((?:\.[A-Za-z_]\w*)+)/y, ([, chain = ""]) => ({ kind: "field", names: chain.slice(1).split(".") })],
  [/\$(?![\w.])|\.(?![\w.])/y, () => ({ kind: "field", names: [] })],
  [/[A-Za-z_]\w*/y, ([text]) => ({ kind: "name", text })],
  [/\|/y, () => ({ kind: "mark", text: "|" })],
  [/\(/y, () => ({ kind: "mark", text: "(" })],
  [/\)/y, () => ({ kind: "mark", text: ")" })],
];

export function wordsOf(action: string): readonly Word[] {
  const words: Word[] = [];
  for (let at = skipBlanks(action, 0); at < action.length; at = skipBlanks(action, at)) {
    const [word, length] = wordAt(action, at);
    words.push(word);
    at += length;
  }
  return words;
}

function wordAt(action: string, at: number): readonly [Word, number] {
  for (const [pattern, read] of patterns) {
    pattern.lastIndex = at;
    const match = pattern.exec(action);
    if (match !== null) return [read(match), match[0].length];
  }
  throw mistake(`${JSON.stringify(action.slice(at, at + 20))} is not understood`);
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (/\s/.test(text.charAt(at))) at++;
  return at;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\" };

function unquoted(text: string): string {
  return text.slice(1, -1).replaceAll(/\\(.)/g, (_whole, letter: string) => {
    const meant = escapes[letter];
    if (meant === undefined) throw mistake(`\\${letter} in ${text} is not understood`);
    return meant;
  });
}
