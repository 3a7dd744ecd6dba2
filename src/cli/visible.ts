/**
 * Text from servers and repositories made safe for a terminal: what would move the cursor, change colours, hide or
 * reorder text is shown as an escape (`\x1b`, `\u202e`), so that two different names never look the same by it.
 */
export function visible(text: string): string {
  return text.replaceAll(unsafe, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === "\\") return "\\\\";
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** The same for sentences, in which a backslash is only a backslash. */
export function visibleSentence(text: string): string {
  return visible(text).replaceAll("\\\\", "\\");
}

/** Controls, formatting marks (bidi, zero width), line separators, lone surrogates, private and unassigned, backslash. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\\]/gu;
