import { z } from "zod";
import { Failure, type FailureCode } from "../kit/failures.ts";

/** What restic said on standard error. */
export interface Said {
  /** The message of its `exit_error`. */
  readonly fatal: string | undefined;
  /** Messages of its `error` lines: single files, packs. */
  readonly errors: readonly string[];
  /** Lines that are no JSON: warnings, retries, an old restic's errors. */
  readonly remarks: readonly string[];
}

const ErrorLine = z.union([
  z.object({ message_type: z.literal("exit_error"), code: z.number(), message: z.string() }),
  z.object({
    message_type: z.literal("error"),
    error: z.object({ message: z.string() }),
    item: z.string().optional(),
  }),
  z.object({ message_type: z.literal("error"), message: z.string() }),
]);

/** Remarks kept: retries repeat for minutes. */
const remarkLimit = 100;
const errorLimit = 1_000;

/** Gathers restic's standard error line by line. */
export function listen(): { hear(line: string): void; readonly said: Said } {
  const errors: string[] = [];
  const remarks: string[] = [];
  let fatal: string | undefined;
  return {
    hear(line) {
      const parsed = ErrorLine.safeParse(parse(line));
      if (!parsed.success) {
        if (line.trim() !== "" && remarks.push(line.trim()) > remarkLimit) remarks.shift();
        return;
      }
      const { data } = parsed;
      if (data.message_type === "exit_error") fatal = data.message.replace(/^(?:Fatal: )+/, "").trim();
      else if (errors.length < errorLimit) errors.push(errorText(data));
    },
    get said() {
      return { fatal, errors, remarks };
    },
  };
}

function errorText(line: Exclude<z.infer<typeof ErrorLine>, { message_type: "exit_error" }>): string {
  if ("message" in line) return line.message.trim();
  return line.item === undefined || line.item === "" ? line.error.message : `${line.item}: ${line.error.message}`;
}

function parse(line: string): unknown {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** How a restic process ended. */
export interface ResticEnd {
  readonly exitCode: number | undefined;
  readonly killedBy: NodeJS.Signals | undefined;
  readonly said: Said;
}

const codes: Readonly<Record<number, FailureCode>> = {
  10: "repository-absent",
  11: "repository-locked",
  12: "password-wrong",
  130: "interrupted",
};

/**
 * restic has exit statuses for four causes and only words for the rest. This table is the one place that reads them; everybody else
 * branches on the code. First match wins.
 */
const texts: readonly (readonly [FailureCode, readonly RegExp[]])[] = [
  ["disk-full", [/no space left on device/i, /disk quota exceeded/i, /StorageFull/, /507 Insufficient Storage/i]],
  ["repository-exists", [/config file already exists/, /already initialized/, /repository already contains/]],
  ["password-wrong", [/wrong password or no key found/]],
  ["credentials-unreadable", [/resolving password failed/i, /unable to read password/, /no credentials found/]],
  ["repository-locked", [/repository is already locked/]],
  ["repository-absent", [/bucket does not exist/i, /NoSuchBucket/, /ContainerNotFound/, /container not found/i]],
  [
    "damaged",
    [
      /ciphertext verification failed/,
      /not found in (?:repository|index)/,
      /invalid data returned|hash does not match|unexpected pack id|wrong hash|file is too short/,
      /repository contains errors/,
      /failed to load (?:blob|tree|pack)/,
      /<(?:data|index)\/[^>]*> does not exist/,
      /(?:open|stat) \S*\/(?:data|index)\/\S+: no such file/,
    ],
  ],
  [
    "repository-unreachable",
    [
      /dial tcp|connection (?:refused|reset)|broken pipe|no such host|server misbehaving/,
      /i\/o timeout|deadline exceeded|Client\.Timeout|network is unreachable|no route to host|unexpected EOF/,
      /unexpected HTTP response \((?:4|5)\d\d\)|service unavailable|internal server error|slow ?down/i,
    ],
  ],
  // Last: restic says "failed to find" of one that it could not read, too.
  [
    "snapshot-not-found",
    [/no matching ID found/, /failed to find snapshot/, /multiple IDs with prefix/, /not found in snapshot/],
  ],
];

/** What no second try can change: keys and certificates that the other side refuses, an address of another protocol. */
const refusals: readonly RegExp[] = [
  /signature we calculated does not match|SignatureDoesNotMatch/i,
  /access ?key|access ?denied|forbidden|unauthori[sz]ed|HTTP response \(40[13]\)|\b40[13]\b/i,
  /x509:|tls: |server gave HTTP response to HTTPS client|malformed HTTP response|not a directory/,
  /read-only file system|permission denied/,
];

/** Whether a text of restic tells of something that it may stop trying to overcome. */
export function isFinal(text: string): boolean {
  const code = classify(text);
  return code !== undefined && (code !== "repository-unreachable" || isRefusal(text));
}

function isRefusal(text: string): boolean {
  return refusals.some((pattern) => pattern.test(text));
}

/** The failure code that a text of restic stands for. */
export function classify(text: string): FailureCode | undefined {
  const found = texts.find(([, patterns]) => patterns.some((pattern) => pattern.test(text)))?.[0];
  return found ?? (isRefusal(text) ? "repository-unreachable" : undefined);
}

/** How the repository is spoken of, and what must not be. */
export interface Speech {
  readonly shown: string;
  hide(text: string): string;
}

/** A failed restic as a failure. `action` says what was being done: "listing snapshots". */
export function toFailure(action: string, { exitCode, killedBy, said }: ResticEnd, speech: Speech): Failure {
  if (exitCode === undefined) {
    return new Failure("repository-failed", `${action}: restic was ended by ${killedBy ?? "a signal"}`, {
      hint: "if nobody ended it, the system was probably short of memory",
    });
  }
  const text = said.fatal ?? said.errors.at(-1) ?? said.remarks.at(-1) ?? "";
  const code = codes[exitCode] ?? classify(text) ?? classify(said.errors.join("\n")) ?? "repository-failed";
  const errors = said.errors.slice(0, 20).map((error) => speech.hide(oneLine(error)));
  const details = errors.length === 0 ? { exitCode } : { exitCode, errors };
  return new Failure(code, explain(action, { code, text }, speech), { details });
}

/** One line about what went wrong, without secrets. */
export function explain(
  action: string,
  { code, text }: { readonly code: FailureCode; readonly text: string },
  { shown, hide }: Speech,
): string {
  if (code === "repository-absent") return `${action}: there is no repository at ${shown}`;
  return text === "" ? action : `${action}: ${hide(oneLine(text))}`;
}

export function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, "; ").trim();
}
