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
 * restic has exit statuses for four causes and only texts for the rest. This table is the one place that reads them; everybody else
 * branches on the code. First match wins.
 */
const texts: readonly (readonly [RegExp, FailureCode])[] = [
  [
    /no space left on device|disk quota exceeded|not enough space|XMinioStorageFull|507 Insufficient Storage/i,
    "disk-full",
  ],
  [/config file already exists|already initialized|repository already contains/i, "repository-exists"],
  [/wrong password or no key found/i, "password-wrong"],
  [/resolving password failed|password file|unable to read password/i, "credentials-unreadable"],
  [
    /no matching ID found|failed to find snapshot|multiple IDs with prefix|not found in snapshot/i,
    "snapshot-not-found",
  ],
  [/repository is already locked|unable to create lock in backend: repository/i, "repository-locked"],
  [
    /dial tcp|connection refused|connection reset|broken pipe|no such host|i\/o timeout|TLS handshake|x509:|tls: |server gave HTTP response|network is unreachable|no route to host|server misbehaving|unexpected EOF|context deadline exceeded|Client\.Timeout/i,
    "repository-unreachable",
  ],
  [
    /\b40[13]\b|access ?denied|forbidden|unauthorized|SignatureDoesNotMatch|InvalidAccessKeyId|no credentials found|credential|bucket does not exist|NoSuchBucket|\b50[0234]\b/i,
    "repository-unreachable",
  ],
  [
    /ciphertext verification failed|not found in (?:repository|index)|invalid data returned|hash does not match|wrong hash|unexpected pack id|repository contains errors|failed to load (?:blob|tree|pack)|<(?:data|index)\/[^>]*> does not exist|(?:open|stat) \S*\/(?:data|index)\/\S+: no such file/i,
    "damaged",
  ],
];

/** The failure code that a text of restic stands for. */
export function classify(text: string): FailureCode | undefined {
  return texts.find(([pattern]) => pattern.test(text))?.[1];
}

/** A failed restic as a failure. `action` says what was being done: "listing snapshots". */
export function toFailure(
  action: string,
  { exitCode, killedBy, said }: ResticEnd,
  hide: (text: string) => string,
): Failure {
  const text = said.fatal ?? said.errors.at(-1) ?? said.remarks.at(-1) ?? "";
  if (exitCode === undefined) {
    return new Failure("repository-failed", `${action}: restic was ended by ${killedBy ?? "a signal"}`, {
      hint: "if nobody ended it, the system was probably short of memory",
    });
  }
  const all = [text, ...said.errors].join("\n");
  const code = codes[exitCode] ?? classify(text) ?? classify(all) ?? "repository-failed";
  const detail = exitCode === 10 ? "" : hide(oneLine(text));
  const details =
    said.errors.length === 0 ? {} : { errors: said.errors.slice(0, 20).map((error) => hide(oneLine(error))) };
  const message = code === "repository-absent" ? `${action}: there is no repository` : action;
  return new Failure(code, detail === "" ? message : `${message}: ${detail}`, { details: { exitCode, ...details } });
}

export function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, "; ").trim();
}
