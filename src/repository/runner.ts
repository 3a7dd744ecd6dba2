import type { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { type ProgramEnd, readProgram, runProgram } from "../kit/program.ts";
import { type Address, readAddress } from "./address.ts";
import { type RepositoryPassword, resticEnvironment, secretsOf, usesProxy } from "./environment.ts";
import { classify, explain, isFinal, listen, type ResticEnd, type Said, type Speech, toFailure } from "./outcome.ts";
import { type OwnRuns, openOwnRuns, runsFolder } from "./own-runs.ts";
import { knock } from "./reach.ts";

/** How long restic may try in vain to open the repository; by itself it tries for 15 minutes. Once it is open, restic's own patience counts. */
const openPatienceMs = 8_000;

export interface ResticOptions {
  readonly url: string;
  readonly password: RepositoryPassword;
  /** Keys of the backend, on top of `baseEnv`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** More flags for every call: `--cacert FILE`, `--insecure-tls`, `--option s3.connections=9`. */
  readonly options?: readonly string[] | undefined;
  /** restic's, and of the records of its runs. */
  readonly cacheDirectory?: string | undefined;
  /** `restic`, looked for in the PATH of `baseEnv`, unless given. */
  readonly program?: string | undefined;
  /** The surrounding environment; only the variables that `environment.ts` lists are passed on. */
  readonly baseEnv: Readonly<Record<string, string | undefined>>;
}

export interface CallOptions {
  /** Begins the message when it fails: "listing snapshots". */
  readonly action: string;
  readonly cwd?: string | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a restic that ended well, or in a way the caller judges itself, wrote. */
export interface Outcome extends ResticEnd {
  readonly stdout: string;
}

/** Runs restic on one repository. This is the only file that starts it. */
export interface Restic {
  /** The address without user and password. */
  readonly shown: string;
  readonly folder: string | undefined;
  /** Runs it; anything but exit status 0 is thrown as a failure. */
  run(args: readonly string[], options: CallOptions): Promise<Outcome>;
  /** The same, but the caller judges the end; only what hinders every call (10, 11, 12, network, killed) is thrown. */
  attempt(args: readonly string[], options: CallOptions): Promise<Outcome>;
  /** Runs it for its bytes; throws at the end when it failed. */
  stream(args: readonly string[], options: CallOptions): AsyncGenerator<Uint8Array, void, undefined>;
  /** The failure that an outcome stands for. */
  failure(action: string, outcome: ResticEnd): Failure;
  /** Takes passwords and keys out of a text of restic. */
  hide(text: string): string;
  /** Those of its processes that take locks. */
  readonly runs: OwnRuns;
}

export function openRestic(options: ResticOptions): Restic {
  const address = readAddress(options.url, { ...options.baseEnv, ...options.env });
  const env = resticEnvironment({ ...options, url: address.url }, options.baseEnv);
  const speech = speechOf(address, env);
  const prepare = knocker(address, env);
  const failure = (action: string, end: ResticEnd): Failure => toFailure(action, end, speech);
  const program = options.program ?? "restic";
  const flags = ["--json", ...cacheFlags(options, env), ...(options.options ?? [])];
  const call = (args: readonly string[]): string[] => [...args.slice(0, 1), ...flags, ...args.slice(1)];
  const runs = openOwnRuns(runsFolder(options.cacheDirectory, options.baseEnv), address.shown);
  const unlocked = openOwnRuns(undefined, address.shown);
  const runsOf = (args: readonly string[]): OwnRuns => (args.includes("--no-lock") ? unlocked : runs);

  async function attempt(args: readonly string[], { action, cwd, onLine, signal }: CallOptions): Promise<Outcome> {
    await prepare(signal);
    using ear = watch(signal);
    const hearing = { signal: ear.signal, onStdoutLine: onLine, onStderrLine: ear.hear };
    try {
      using run = runsOf(args).follow();
      const end = await runProgram(program, call(args), { env, cwd, installHint, onStart: run.onStart, ...hearing });
      await run.end(end.exitCode);
      const outcome = { ...end, said: ear.said() };
      if (end.exitCode === undefined || [10, 11, 12, 130].includes(end.exitCode)) throw failure(action, outcome);
      return outcome;
    } catch (error) {
      throw ear.explain(error, action, speech);
    }
  }
  async function* stream(args: readonly string[], { action, cwd, signal }: CallOptions) {
    await prepare(signal);
    using ear = watch(signal);
    let exitCode: number | undefined;
    const onEnd = (end: ProgramEnd): void => {
      exitCode = end.exitCode;
      if (end.exitCode !== 0) throw failure(action, { ...end, said: ear.said() });
    };
    const hearing = { signal: ear.signal, onStderrLine: ear.hear, onEnd };
    using run = runsOf(args).follow();
    try {
      yield* readProgram(program, call(args), { env, cwd, installHint, onStart: run.onStart, ...hearing });
    } catch (error) {
      throw ear.explain(error, action, speech);
    } finally {
      await run.end(exitCode);
    }
  }
  async function run(args: readonly string[], callOptions: CallOptions): Promise<Outcome> {
    const outcome = await attempt(args, callOptions);
    if (outcome.exitCode !== 0) throw failure(callOptions.action, outcome);
    return outcome;
  }
  const { place } = address;
  const folder = place.kind === "folder" ? place.path : undefined;
  return { ...speech, folder, failure, attempt, run, stream, runs };
}

/** Takes user, passwords and keys out of what restic says. */
function speechOf(address: Address, env: Readonly<Record<string, string>>): Speech {
  // Longest first: one secret may be the beginning of another.
  const secrets = [...address.secrets, ...secretsOf(env)].sort((a, b) => b.length - a.length);
  return {
    shown: address.shown,
    hide(text) {
      // restic itself shows the user, who may be a token: "http://jo:***@host".
      const shown = text.replaceAll(address.url, address.shown).replaceAll(/(https?:\/\/)[^/\s"]*@/g, "$1");
      return secrets.reduce((result, secret) => result.replaceAll(secret, "***"), shown);
    },
  };
}

/** A folder is looked at each time: a disk may be gone. A server is knocked at until it answers once; later restic waits for it. */
function knocker(
  address: Address,
  env: Readonly<Record<string, string>>,
): (signal: AbortSignal | undefined) => Promise<void> {
  const { place } = address;
  let isReached = place.kind === "network" && usesProxy(env, place.encrypted);
  return async (signal) => {
    if (!isReached) await knock(address, { signal });
    isReached = place.kind !== "folder";
  };
}

const installHint = "install restic 0.17 or newer, for example: apt install restic, or: brew install restic";

function cacheFlags({ cacheDirectory }: ResticOptions, env: Readonly<Record<string, string>>): string[] {
  if (cacheDirectory !== undefined) return ["--cache-dir", cacheDirectory];
  const hasHome = ["RESTIC_CACHE_DIR", "XDG_CACHE_HOME", "HOME"].some((name) => (env[name] ?? "") !== "");
  return hasHome ? [] : ["--no-cache"];
}

/** Locks are taken while opening, and refreshed every 5 minutes: a refresh that fails for a while is restic's to repeat. */
const openingMs = 60_000;
const retryLine =
  /^(?:Stat|Load|List|Save)\(<(?:config|key|lock)\/[^)]*\) (returned error, retrying after|operation successful)/;

/**
 * Listens to restic's standard error, and ends it when it cannot open the repository for 8 seconds: it says so at each try
 * ("Stat(<config/>) returned error, retrying after ..."), and would go on for 15 minutes.
 */
function watch(outer: AbortSignal | undefined) {
  const ear = listen();
  const patience = new AbortController();
  const startedMs = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let lastTry = "";
  return {
    signal: outer === undefined ? patience.signal : AbortSignal.any([outer, patience.signal]),
    said: (): Said => ear.said,
    hear(line: string): void {
      ear.hear(line);
      const retry = retryLine.exec(line);
      if (retry === null || performance.now() - startedMs > openingMs) return;
      if (retry[1] === "operation successful") {
        clearTimeout(timer);
        timer = undefined;
        return;
      }
      lastTry = line.replace(/^.*? retrying after [^:]*: /, "");
      if (isFinal(lastTry)) patience.abort();
      timer ??= setTimeout(() => patience.abort(), openPatienceMs);
    },
    /** The error that a call failed with; when it was ended here, what restic could not overcome. */
    explain(error: unknown, action: string, speech: Speech): unknown {
      if (!patience.signal.aborted || outer?.aborted === true || !Failure.is(error, "interrupted")) return error;
      const code = classify(lastTry) ?? "repository-unreachable";
      return new Failure(code, explain(action, { code, text: lastTry }, speech));
    },
    [Symbol.dispose]: (): void => clearTimeout(timer),
  };
}

/** Parses one JSON document of restic. `what` names it in the failure when it is none, or another restic's. */
export function parseOutput<S extends z.ZodType>(schema: S, text: string, what: string): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Failure("repository-failed", `reading restic's ${what}: it is no JSON`, { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Failure("repository-failed", `reading restic's ${what}: it is not what restic 0.17 and newer write`, {
    cause: parsed.error,
  });
}

/** The same for a line among others: undefined when it is no JSON or of another kind. */
export function parseLine<S extends z.ZodType>(schema: S, line: string): z.output<S> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return schema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
