/** Reads the commands out of a Markdown text, so that a test can run what a reader would type. */

export type Block =
  | { readonly kind: "script"; readonly line: number; readonly text: string }
  | { readonly kind: "session"; readonly line: number; readonly steps: readonly Step[] };

/** One `$ command` of a terminal session and what it prints. */
export interface Step {
  readonly command: string;
  readonly output: string;
}

/** The `sh` blocks (run as they are) and the `console` blocks (run, and compared with what stands there). */
export function readBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  for (const match of markdown.matchAll(/^```(sh|console)\n(.*?)^```$/gms)) {
    const [, language, text = ""] = match;
    const line = markdown.slice(0, match.index).split("\n").length;
    if (language === "sh") blocks.push({ kind: "script", line, text });
    else blocks.push({ kind: "session", line, steps: readSteps(text) });
  }
  return blocks;
}

function readSteps(text: string): Step[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const end = step.indexOf("\n");
      return { command: step.slice(0, end), output: step.slice(end + 1) };
    });
}

/** What differs from run to run becomes a word: times, ids, sizes, durations, ports, the server's name, versions. */
export function mask(output: string): string {
  return output
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replaceAll(/\/home\/ada\b/g, "DIRECTORY")
    .replaceAll(/\b(?:localhost|127\.0\.0\.1):\d+/g, "HOST")
    .replaceAll(/\b[0-9a-f]{8,64}\b/g, "ID")
    .replaceAll(/\bN[A-Z0-9]{55}\b/g, "SERVER")
    .replaceAll(/\b\d+\.\d+\.\d+\b/g, "VERSION")
    .replaceAll(/\b[\d.]+ (?:B|KiB|MiB|GiB|ms|s|min)\b(?:\/s)?/g, "AMOUNT")
    .replaceAll(/[ \t]+/g, " ")
    .replaceAll(/ $/gm, "")
    .trim();
}
