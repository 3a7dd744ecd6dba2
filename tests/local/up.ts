import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { compiledOnce } from "../support/programs.ts";

const root = join(import.meta.dirname, "../..");
/** Any ports but for the API server's where it is given. */
export function addresses({ listen = 0 }: { readonly listen?: number } = {}): readonly string[] {
  const others = ["--metrics-address", "--pushgateway-address"].flatMap((flag) => [flag, "127.0.0.1:0"]);
  return ["--listen", `127.0.0.1:${listen}`, ...others];
}

export interface Ended {
  readonly status: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly output: string;
}

/** `coldstream up` as a process of its own. */
export interface Up {
  readonly child: ChildProcess;
  readonly kubeconfig: string;
  readonly ended: Promise<Ended>;
  /** Its first lines; rejects with all that was said when it ends before. */
  readonly ready: Promise<string>;
}

/** `within`: a program and arguments that run it elsewhere (nsenter). */
export function launchUp(data: string, args: readonly string[] = addresses(), within: readonly string[] = []): Up {
  const command = [...within, process.execPath, join(root, "src/cli/main.ts"), "up", "--data", data, ...args];
  const [program = process.execPath, ...rest] = command;
  const child = spawn(program, rest, {
    env: { PATH: [join(root, ".tools/bin"), process.env.PATH].join(":"), HOME: data, ...compiledOnce },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const greeted = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Buffer) => {
      output += bytes.toString("utf8");
      if (output.includes("Ctrl-C ends it")) greeted.resolve(output);
    });
  }
  const ended = once(child, "close").then(([status, killedBy]): Ended => ({ status, killedBy, output }));
  ended.then(() => greeted.reject(new Error(output)));
  greeted.promise.catch(() => undefined);
  return { child, kubeconfig: join(data, "kubeconfig"), ended, ready: greeted.promise };
}

/** Command lines of processes that mention the folder. */
export async function processesOf(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const command = await readFile(join("/proc", pid, "cmdline"), "utf8").catch(() => "");
    if (command.includes(folder)) found.push(command.replaceAll("\0", " "));
  }
  return found;
}
