/** A shell's pattern for a whole text: `*` any letters (slashes too), `?` one, `[a-z]` and `[!a-z]` one of a set, `\x` x itself. */
export function hasMatch(pattern: string): (text: string) => boolean {
  const tokens = pattern.match(/\\[\s\S]|\[[!^]?\]?[^\]]*\]|[\s\S]/gu) ?? [];
  const source = tokens.map(sourceOf).join("");
  const expression = toExpression(source);
  return (text) => (expression === undefined ? text === pattern : expression.test(text));
}

/** What looks like a set and is none (`[z-a]`) makes the pattern a plain text. */
function toExpression(source: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${source})$`, "u");
  } catch {
    return undefined;
  }
}

function sourceOf(token: string): string {
  if (token === "*") return "[\\s\\S]*";
  if (token === "?") return "[\\s\\S]";
  if (token.length > 2 && token.startsWith("[")) return setOf(token.slice(1, -1));
  const letter = token.startsWith("\\") && token.length > 1 ? token.slice(1) : token;
  return letter.replaceAll(/[\^$\\.*+?()[\]{}|/]/g, "\\$&");
}

function setOf(letters: string): string {
  const isNegated = /^[!^]/.test(letters);
  const inside = (isNegated ? letters.slice(1) : letters).replaceAll(/[\\\]^[]/g, "\\$&");
  return `[${isNegated ? "^" : ""}${inside}]`;
}
