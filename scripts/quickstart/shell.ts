import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const root = join(import.meta.dirname, "../..");

export interface Shell {
  /** Runs the command line as a person would and shows what it prints. Throws when it does not end with 0. */
  coldstream(args: readonly string[]): Promise<void>;
  /** The same, but its standard output is returned and nothing is shown. */
  ask(args: readonly string[]): Promise<string>;
  /** Begins `coldstream up`; it is ready when this resolves, and ended when it is disposed of. */
  up(args: readonly string[]): Promise<AsyncDisposable>;
}

export interface ShellOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly signal: AbortSignal;
}

/** `up` ends what runs in it before it goes: killed, it would leave that behind. A second Ctrl-C is there for the impatient. */
const patienceMs = 120_000;

export function openShell({ env, cwd, signal }: ShellOptions): Shell {
  const start = (args: readonly string[], errors: "inherit" | "pipe") =>
    spawn(join(root, "bin/coldstream"), args, {
      env: { ...process.env, ...env },
      cwd,
      stdio: ["ignore", "pipe", errors],
      // a process group of its own: Ctrl-C in a terminal reaches it once, from here
      detached: true,
    });

  async function run(args: readonly string[], take: (text: string) => void): Promise<void> {
    const child = start(args, "inherit");
    const interrupt = () => child.kill("SIGINT");
    signal.addEventListener("abort", interrupt);
    child.stdout?.on("data", (bytes: Buffer) => take(bytes.toString("utf8")));
    const [status] = await once(child, "close");
    signal.removeEventListener("abort", interrupt);
    signal.throwIfAborted();
    if (status !== 0) throw new Error(`coldstream ${args[0]} ended with exit status ${status}`);
  }

  return {
    async coldstream(args) {
      show(args);
      await run(args, (text) => process.stdout.write(text));
    },
    async ask(args) {
      let output = "";
      await run(args, (text) => {
        output += text;
      });
      return output;
    },
    async up(args) {
      show(args);
      const child = start(args, "pipe");
      const ended = once(child, "close");
      ended.catch(() => undefined);
      await using opening = new AsyncDisposableStack();
      opening.defer(() => end(child));
      const ready = new Promise<void>((resolve) => {
        child.stdout?.on("data", (bytes: Buffer) => {
          const text = bytes.toString("utf8");
          process.stdout.write(text);
          // its last line
          if (text.includes("Ctrl-C ends it")) resolve();
        });
      });
      let said = "";
      child.stderr?.on("data", (bytes: Buffer) => {
        said += bytes.toString("utf8");
      });
      const aborted = once(signal, "abort").then(() => signal.throwIfAborted());
      aborted.catch(() => undefined);
      const early = ended.then(([status]) => {
        throw new Error(`coldstream up ended with exit status ${status}: ${said}`);
      });
      early.catch(() => undefined);
      await Promise.race([ready, early, aborted]);
      const open = opening.move();
      return { [Symbol.asyncDispose]: async () => await open.disposeAsync() };
    },
  };
}

function show(args: readonly string[]): void {
  process.stdout.write(`\n$ coldstream ${args.join(" ")}\n`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGINT");
  const late = new AbortController();
  const waiting = sleep(patienceMs, "late", { signal: late.signal }).catch(() => undefined);
  if ((await Promise.race([closed, waiting])) === "late") {
    child.kill("SIGKILL");
    await closed;
  }
  late.abort();
}
