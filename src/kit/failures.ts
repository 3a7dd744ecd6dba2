/**
 * The one table of what can go wrong: code -> exit status and what to do about it.
 * Frozen by failures.test.ts: users' scripts rely on the exit statuses (docs/exit-statuses.md).
 * Branch on codes, never on texts.
 */
export const failureTable = {
  // 1: failed
  unexpected: { exit: 1, hint: "this is a defect in coldstream; please report it with the output of --verbose" },
  "backup-failed": { exit: 1 },
  "restore-failed": { exit: 1 },
  "disk-full": { exit: 1, hint: "free some space, or name another folder with --staging" },
  "jetstream-disabled": { exit: 1, hint: "enable JetStream on the server and for this account" },
  "server-too-old": { exit: 1, hint: "nats-server 2.10 or newer is needed" },
  "server-refused": { exit: 1 },
  "snapshot-busy": { exit: 1, hint: "another snapshot of this stream is running; try again when it is done" },
  "snapshot-aborted": { exit: 1, hint: "the server ended the snapshot; its log says why" },
  "snapshot-incomplete": { exit: 1, hint: "nothing was stored; run the backup again" },
  "stream-changed": { exit: 1, hint: "the stream was deleted or recreated meanwhile; run the command again" },
  "storage-unsupported": { exit: 1 },
  "repository-failed": { exit: 1 },
  "program-failed": { exit: 1 },
  "cluster-refused": { exit: 1 },
  "object-changed": { exit: 1, hint: "somebody else changed it meanwhile; try again" },
  // 2: wrong use
  usage: { exit: 2, hint: "see: coldstream help" },
  "configuration-invalid": { exit: 2 },
  "credentials-unreadable": { exit: 2 },
  // 3: done in part
  "partly-done": { exit: 3 },
  // 4: refused, nothing changed
  conflict: {
    exit: 4,
    hint: "choose with --on-conflict skip, rename or overwrite, or restore under another name with --rename OLD=NEW",
  },
  "plan-refused": { exit: 4 },
  "not-confirmed": { exit: 4, hint: "add --yes to do it without asking" },
  "repository-exists": { exit: 4, hint: "a repository is there already; use it, or choose another place" },
  "not-available-yet": { exit: 4 },
  "object-exists": { exit: 4, hint: "use another name, or remove the one that is there" },
  // 5: damage found or not proven
  damaged: { exit: 5, hint: "run: coldstream check" },
  "not-proven": { exit: 5 },
  // 10..16: what stands in the way
  "repository-absent": { exit: 10, hint: "create it with: coldstream init" },
  "repository-locked": { exit: 11, hint: "wait for the other run to end; if none is running: coldstream unlock" },
  "password-wrong": { exit: 12, hint: "check RESTIC_PASSWORD or --repo-password-file" },
  "repository-unreachable": { exit: 13, hint: "check the address, the keys and the network" },
  "stream-not-found": { exit: 14, hint: "list what is there with: coldstream show latest, or: nats stream ls -a" },
  "snapshot-not-found": { exit: 14, hint: "list them with: coldstream snapshots" },
  "object-not-found": { exit: 14 },
  "program-missing": { exit: 15 },
  "timed-out": { exit: 16 },
  "server-unreachable": { exit: 20, hint: "check the address given with --server, and that the server runs" },
  "cluster-unreachable": { exit: 20, hint: "check the address in the kubeconfig, and that the API server runs" },
  "not-permitted": { exit: 21, hint: "the NATS user lacks a permission or the credentials are wrong" },
  interrupted: { exit: 130 },
} as const satisfies Record<string, { readonly exit: number; readonly hint?: string }>;

export type FailureCode = keyof typeof failureTable;

export interface FailureOptions {
  readonly cause?: unknown;
  /** Replaces the table's hint. */
  readonly hint?: string;
  /** Facts for JSON output; never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An expected failure. `message`: lower case, no full stop, what was being done and to what. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Failure";
    this.code = code;
    const entry: { readonly exit: number; readonly hint?: string } = failureTable[code];
    this.hint = options.hint ?? entry.hint;
    this.details = options.details ?? {};
  }

  get exit(): number {
    return failureTable[this.code].exit;
  }

  /** Whether `error` is a failure, and (when codes are given) one of these. */
  static is(error: unknown, ...codes: readonly FailureCode[]): error is Failure {
    return error instanceof Failure && (codes.length === 0 || codes.includes(error.code));
  }

  /** Any thrown value as a failure: failures pass, an abort becomes `interrupted`, a full disk `disk-full`, all else `unexpected`. */
  static from(error: unknown): Failure {
    if (error instanceof Failure) return error;
    if (error instanceof Error && error.name === "AbortError") {
      return error.cause instanceof Failure ? error.cause : new Failure("interrupted", "interrupted", { cause: error });
    }
    if (error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT")) {
      return new Failure("disk-full", `no space left: ${error.message}`, { cause: error });
    }
    return new Failure("unexpected", error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** The message of a failure with those of its causes, one line, no repetition. */
export function describe(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const text = at.message.replaceAll(/\s*\n\s*/g, " ").trim();
    if (text !== "" && !parts.some((part) => part.includes(text))) parts.push(text);
  }
  return parts.length === 0 ? String(error) : parts.join(": ");
}
