import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Readable } from "node:stream";
import { execa } from "execa";
import { Failure } from "./failures.ts";

/** Kept of what a program writes to standard error: its end, which says why it failed. */
export const stderrTailBytes = 64 * 1024;
/** How often it is looked whether more of what an ended program wrote arrives. */
const pipeGraceMs = 200;
/** More standard output than this in one piece is not kept but a failure: stream it, or read it line by line. */
export const capturedOutputBytes = 256 * 1024 * 1024;

export interface ProgramOptions {
  /** The whole environment of the program; nothing is inherited. Its PATH is where the program is looked for. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  /** Every whole line of standard error as it arrives, without its end. A throw ends the program and is passed on. */
  readonly onStderrLine?: ((line: string) => void) | undefined;
  /** At once, while a process that ended already still has its number. Not called when there is none. */
  readonly onStart?: ((pid: number) => void) | undefined;
  /** Between SIGTERM (what an aborted signal sends) and SIGKILL. 10 seconds unless given. */
  readonly killAfterMs?: number | undefined;
  /** Shown when the program is missing: how to get it. */
  readonly installHint?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LineOptions extends ProgramOptions {
  /** Every whole line of standard output as it arrives. Without it standard output of `startProgram` is dropped. */
  readonly onStdoutLine?: ((line: string) => void) | undefined;
}

/** How a program ended. A non-zero exit status is a value: only the caller knows what it means. */
export interface ProgramEnd {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly killedBy: NodeJS.Signals | undefined;
  /** The last 64 KiB of standard error. */
  readonly stderr: string;
}

/** A running program. Disposing of it ends it and waits until it is gone. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  /** Never rejects for an exit status; rejects when the signal was aborted (after the program is gone) or a line callback threw. */
  readonly ended: Promise<ProgramEnd>;
  /** Sends SIGTERM (or `signal`), SIGKILL when that does not help in time, and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a program that stays (a server). Throws `program-missing` when there is none. */
export async function startProgram(program: string, args: readonly string[], options: LineOptions): Promise<Program> {
  const running = launch(program, args, options);
  const out = options.onStdoutLine === undefined ? undefined : splitLines(options.onStdoutLine);
  running.stdout.on("data", (chunk: Uint8Array) => running.guard(() => out?.push(chunk)));
  running.stdout.on("end", () => running.guard(() => out?.end()));
  running.stdout.resume();
  const pid = await running.started();
  // Whoever only disposes of it never looks at `ended`.
  running.ended.catch(() => undefined);
  return {
    pid,
    ended: running.ended,
    stop: running.stop,
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

/** Runs a program to its end. Standard output is returned whole, or goes line by line to `onStdoutLine`. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: LineOptions,
): Promise<ProgramEnd & { readonly stdout: string }> {
  const chunks: Uint8Array[] = [];
  const lines = options.onStdoutLine === undefined ? undefined : splitLines(options.onStdoutLine);
  let size = 0;
  const running = launch(program, args, options);
  running.stdout.on("data", (chunk: Uint8Array) =>
    running.guard(() => {
      if (lines !== undefined) return lines.push(chunk);
      size += chunk.length;
      if (size > capturedOutputBytes) throw new Failure("program-failed", `${program} wrote more than 256 MiB`);
      chunks.push(chunk);
    }),
  );
  running.stdout.on("end", () => running.guard(() => lines?.end()));
  running.stdout.resume();
  const end = await running.ended;
  return { ...end, stdout: Buffer.concat(chunks).toString("utf8") };
}

/**
 * Runs a program and yields its standard output as it comes; a slow consumer slows the program down. `onEnd` judges the end: what it throws
 * ends the iteration. A consumer that stops early ends the program.
 */
export async function* readProgram(
  program: string,
  args: readonly string[],
  { onEnd, ...options }: ProgramOptions & { readonly onEnd: (end: ProgramEnd) => void },
): AsyncGenerator<Uint8Array, void, undefined> {
  const running = launch(program, args, options);
  running.ended.catch(() => undefined);
  try {
    try {
      // Not closed when the consumer stops: the broken pipe would kill a program before it tidied up (restic its lock).
      for await (const chunk of running.stdout.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
    } catch (error) {
      // An ended program takes its pipe with it: its end tells more than the broken pipe.
      onEnd(await running.ended);
      throw error;
    }
    onEnd(await running.ended);
  } finally {
    await running.stop();
  }
}

/** The path of an executable file called `name` in a PATH, or undefined. A name with a slash is a path itself. */
export async function findProgram(name: string, path: string): Promise<string | undefined> {
  const candidates = name.includes("/") ? [name] : path.split(delimiter).map((folder) => join(folder || ".", name));
  for (const candidate of candidates) {
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function launch(program: string, args: readonly string[], options: ProgramOptions) {
  const { signal } = options;
  if (signal?.aborted === true) throw interrupted(signal);
  const child = spawn(program, args, options);
  let thrown: { readonly error: unknown } | undefined;
  const end = (how?: NodeJS.Signals): void => endChild(child, how);
  /** Runs a callback of the caller; its throw ends the program and becomes the outcome. */
  function guard(call: () => void): void {
    if (thrown !== undefined) return;
    try {
      call();
    } catch (error) {
      thrown = { error };
      end();
    }
  }
  const tail = listenToErrors(child.stderr, options, guard);
  const { pid } = child;
  if (pid !== undefined) guard(() => options.onStart?.(pid));
  async function outcome(): Promise<ProgramEnd> {
    let isAborted = false;
    const onAbort = () => {
      isAborted = true;
      end();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const result = await child;
    signal?.removeEventListener("abort", onAbort);
    if (thrown !== undefined) throw thrown.error;
    // However it ended: its output was no longer taken.
    if (isAborted && signal !== undefined) throw interrupted(signal);
    if (result.exitCode === undefined && result.signal === undefined) {
      throw await explainStart(program, options, result.cause ?? result);
    }
    return { exitCode: result.exitCode, killedBy: result.signal as NodeJS.Signals | undefined, stderr: tail.text() };
  }
  const ended = outcome();
  async function stop(how: NodeJS.Signals = "SIGTERM"): Promise<void> {
    end(how);
    await ended.catch(() => undefined);
  }
  async function started(): Promise<number> {
    if (child.pid !== undefined) return child.pid;
    await ended;
    throw new Failure("program-failed", `${program} did not start`);
  }
  return { stdout: child.stdout, ended, stop, started, guard };
}

function spawn(program: string, args: readonly string[], options: ProgramOptions) {
  const child = execa(program, [...args], {
    env: { ...options.env },
    extendEnv: false,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: "ignore",
    encoding: "buffer",
    buffer: false,
    reject: false,
    forceKillAfterDelay: options.killAfterMs ?? 10_000,
  });
  // Keeps the output for whoever reads it later; execa would let it run dry.
  child.stdout.pause();
  child.nodeChildProcess.once("exit", () => {
    endWhenQuiet(child.stdout);
    endWhenQuiet(child.stderr);
  });
  return child;
}

/** The output of an ended program: a grandchild may keep its pipe open, which is not waited for once all is read. */
function endWhenQuiet(output: Readable & { readonly bytesRead?: number }): void {
  let seen: number | undefined = -1;
  const timer = setInterval(() => {
    const isOver = output.readableEnded || output.destroyed;
    const isQuiet = output.bytesRead === seen && output.readableLength === 0;
    seen = output.bytesRead;
    if (isOver || isQuiet) clearInterval(timer);
    if (isQuiet && !isOver) output.push(null);
  }, pipeGraceMs).unref();
}

function endChild(child: ReturnType<typeof spawn>, how: NodeJS.Signals = "SIGTERM"): void {
  child.kill(how);
  // A program that is blocked on output that nobody takes does not get to its end.
  child.stdout.on("readable", () => child.stdout.read()).read();
}

function listenToErrors(
  stderr: Readable,
  { onStderrLine }: ProgramOptions,
  guard: (call: () => void) => void,
): { text(): string } {
  const tail = keepTail(stderrTailBytes);
  const lines = onStderrLine === undefined ? undefined : splitLines(onStderrLine);
  stderr.on("data", (chunk: Uint8Array) => {
    tail.push(chunk);
    guard(() => lines?.push(chunk));
  });
  stderr.on("end", () => guard(() => lines?.end()));
  return tail;
}

function interrupted(signal: AbortSignal): Failure {
  return Failure.is(signal.reason)
    ? signal.reason
    : new Failure("interrupted", "interrupted", { cause: signal.reason });
}

async function explainStart(program: string, options: ProgramOptions, cause: unknown): Promise<Failure> {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const folder = options.cwd;
  if (folder !== undefined && !(await isFolder(folder))) {
    return new Failure("program-failed", `running ${program}: there is no folder ${folder}`, { cause });
  }
  if (code === "ENOENT" || code === "EACCES" || code === "ENOEXEC") {
    const how = code === "ENOENT" ? `${program} was not found` : `${program} cannot be run`;
    const hint = options.installHint;
    return new Failure("program-missing", how, { cause, ...(hint === undefined ? {} : { hint }) });
  }
  return new Failure("program-failed", `running ${program}`, { cause });
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function splitLines(onLine: (line: string) => void): { push(chunk: Uint8Array): void; end(): void } {
  const decoder = new TextDecoder();
  let rest = "";
  function take(text: string): void {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
  }
  return {
    push: (chunk) => take(decoder.decode(chunk, { stream: true })),
    end: () => {
      take(decoder.decode());
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
}

function keepTail(limitBytes: number): { push(chunk: Uint8Array): void; text(): string } {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    push(chunk) {
      chunks.push(chunk);
      size += chunk.length;
      while (chunks[0] !== undefined && size - chunks[0].length >= limitBytes) size -= chunks.shift()?.length ?? 0;
    },
    text: () => Buffer.concat(chunks).subarray(-limitBytes).toString("utf8"),
  };
}
