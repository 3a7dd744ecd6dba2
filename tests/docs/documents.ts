/** Reads the commands out of a Markdown text, so that a test can run what a reader would type. */

export type Block =
  | { readonly kind: "script"; readonly line: number; readonly text: string }
  | { readonly kind: "session"; readonly line: number; readonly steps: readonly Step[] }
  | { readonly kind: "file"; readonly line: number; readonly name: string; readonly text: string };

/** One `$ command` of a terminal session and what it prints. */
export interface Step {
  readonly command: string;
  readonly output: string;
}

/**
 * The `sh` blocks (run as they are), the `console` blocks (run, and compared with what stands there), and the `yaml` blocks
 * whose first line is `# NAME.yaml`: files that the reader saves under that name.
 */
export function readBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  for (const match of markdown.matchAll(/^```(sh|console|yaml)\n(.*?)^```$/gms)) {
    const [, language, text = ""] = match;
    const line = lineOf(markdown, match.index);
    const [, name] = /^# (\S+\.yaml)\n/.exec(text) ?? [];
    if (language === "sh") blocks.push({ kind: "script", line, text });
    else if (language === "console") blocks.push({ kind: "session", line, steps: readSteps(text) });
    else if (name !== undefined) blocks.push({ kind: "file", line, name, text });
  }
  return blocks;
}

function lineOf(markdown: string, index: number): number {
  return markdown.slice(0, index).split("\n").length;
}

/** A `yaml` block: whole objects, or (`in`) what one changes in the `spec` of an object that the guides have. */
export interface Manifests {
  readonly line: number;
  readonly in: "BackupConfiguration" | "RestoreSession" | undefined;
  readonly text: string;
}

/** Every `yaml` block that an API server should accept. */
export function readManifests(markdown: string): Manifests[] {
  return [...markdown.matchAll(/^```yaml\n(.*?)^```$/gms)].flatMap((match): Manifests[] => {
    const [, text = ""] = match;
    const [, kind] = /^# in the (BackupConfiguration|RestoreSession)\n/.exec(text) ?? [];
    const line = lineOf(markdown, match.index);
    if (kind === "BackupConfiguration" || kind === "RestoreSession") return [{ line, in: kind, text }];
    return /^kind: /m.test(text) ? [{ line, in: undefined, text }] : [];
  });
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
    .replaceAll(/\b(?:\d+[dhms])+\b/g, "AGE")
    .replaceAll(/\b[\d.]+ (?:B|KiB|MiB|GiB|ms|s|min)\b(?:\/s)?/g, "AMOUNT")
    .replaceAll(/[ \t]+/g, " ")
    .replaceAll(/ $/gm, "")
    .trim();
}

/** Documents that need a cluster to try them on. */
export function isAboutClusters(path: string): boolean {
  return (
    /^docs\/(guides\/(?!one-machine\.md)|concepts\/)/.test(path) ||
    ["docs/moving-from-stash.md", "docs/security.md"].includes(path)
  );
}
