import { Failure } from "../kit/failures.ts";
import { writeJson } from "../kit/json.ts";
import { failureBackground, failureDocument, failureLines } from "./failure-text.ts";
import { width } from "./table.ts";

/** Where text goes. `process.stdout` and `process.stderr` in life, a list of texts in tests. */
export interface TextSink {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Width of the terminal. */
  readonly columns: number | undefined;
}

export interface PrinterOptions {
  readonly format: "text" | "json";
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/**
 * Everything a person or a script sees. Standard output: text that was asked for, or exactly one JSON document.
 * Standard error: progress, notes, warnings, failures. Texts from outside must be `visible` before they come here.
 */
export interface Printer extends PrinterOptions {
  /** Standard error is a terminal: a live line can be redrawn. */
  readonly isLive: boolean;
  /** What was asked for (lists, plans). Not in JSON. */
  lines(...texts: readonly string[]): void;
  /** What was done. Not in JSON, not with --quiet. */
  done(...texts: readonly string[]): void;
  /** The one JSON document. Not in text. */
  document(value: unknown): void;
  /** One line of JSON, of a stream of them; then there is no one document. Not in text. */
  record(value: unknown): void;
  /** By the way, on standard error; not with --quiet. */
  note(text: string): void;
  /** Only with --verbose, on standard error. */
  detail(text: string): void;
  warn(text: string): void;
  failure(failure: Failure): void;
  /** Redraws the last line of a terminal; undefined removes it. */
  live(text: string | undefined): void;
}

export function createPrinter(
  { stdout, stderr }: { readonly stdout: TextSink; readonly stderr: TextSink },
  options: PrinterOptions,
): Printer {
  let live: string | undefined;
  let isDocumentWritten = false;

  function write(sink: TextSink, texts: readonly string[]): void {
    if (texts.length === 0) return;
    if (live !== undefined) stderr.write("\r\x1b[K");
    sink.write(texts.map((text) => `${text}\n`).join(""));
    if (live !== undefined) stderr.write(live);
  }
  const isText = options.format === "text";
  const printer: Printer = {
    ...options,
    isLive: stderr.isTerminal && !options.quiet,
    lines: (...texts) => isText && write(stdout, texts),
    done: (...texts) => isText && !options.quiet && write(stdout, texts),
    document(value) {
      if (isText) return;
      if (isDocumentWritten) throw new Error("a second JSON document was written");
      isDocumentWritten = true;
      write(stdout, [writeDocument(value)]);
    },
    record(value) {
      if (isText) return;
      isDocumentWritten = true;
      write(stdout, [writeJson(plain(value))]);
    },
    note: (text) => !options.quiet && write(stderr, [text]),
    detail: (text) => options.verbose && write(stderr, [text]),
    warn: (text) => write(stderr, [`coldstream: warning: ${text}`]),
    failure(failure) {
      printer.live(undefined);
      if (!isText && !isDocumentWritten) printer.document({ error: failure });
      const background = options.verbose ? failureBackground(failure) : [];
      write(stderr, [...failureLines(failure), ...background]);
    },
    live(text) {
      if (!printer.isLive || (text === undefined && live === undefined)) return;
      live = text === undefined ? undefined : toOneRow(text, stderr.columns ?? 80);
      stderr.write(`\r\x1b[K${live ?? ""}`);
    },
  };
  return printer;
}

/** JSON with 64-bit numbers as they are, failures as `{ code, message, hint }`, maps as objects. */
export function writeDocument(value: unknown): string {
  return writeJson(plain(value), 2);
}

function plain(value: unknown): unknown {
  if (value instanceof Failure) return failureDocument(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || "rawJSON" in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** Cut to one row: a line that wraps cannot be redrawn. */
function toOneRow(text: string, columns: number): string {
  if (width(text) < columns) return text;
  let kept = "";
  for (const character of text) {
    if (width(kept + character) >= columns - 1) break;
    kept += character;
  }
  return kept;
}
