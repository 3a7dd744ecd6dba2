import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { cheapenRepository } from "../support/cheap-repository.ts";
import { compiledOnce, findProgram, natsServerProgram } from "../support/programs.ts";

const root = join(import.meta.dirname, "../..");

const password = "correct horse";

export interface Run {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called with everything that standard error said so far; may send signals, to the process or, as Ctrl-C does, to its group. */
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals, whom: "process" | "group") => void) => void;
  /** Run by node itself with this PATH: bin/coldstream adds the programs of the checkout to it. */
  readonly path?: string;
  /** The reader of standard output goes away at once. */
  readonly closeStdout?: boolean;
}

/** A folder to run the command line in as a person would: a home, a staging folder, a repository to be, a password. */
export interface Workbench extends AsyncDisposable {
  readonly folder: string;
  readonly staging: string;
  readonly repository: string;
  /** `bin/coldstream` with these arguments, words split at spaces. */
  coldstream(line: string, options?: RunOptions): Promise<Run>;
  /** The one JSON document of a command that has to succeed. */
  json(line: string, options?: RunOptions): Promise<unknown>;
  /** Gives the repository a key that opens quickly. Nobody may use it meanwhile. */
  cheapen(): Promise<void>;
  /** What is in the folder besides what the workbench made, and what is in the staging folder. */
  leftovers(): Promise<string[]>;
}

export async function makeWorkbench({ NATS_URL }: { readonly NATS_URL?: string } = {}): Promise<Workbench> {
  const folder = await mkdtemp(join(tmpdir(), "coldstream-cli-"));
  const [staging, home, repository] = ["staging", "home", "repository"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await Promise.all([staging, home].map((path) => mkdir(path)));
  const environment = {
    ...compiledOnce,
    PATH: programPath(),
    HOME: home,
    TMPDIR: staging,
    RESTIC_CACHE_DIR: join(home, "cache"),
    RESTIC_REPOSITORY: repository,
    RESTIC_PASSWORD: password,
    ...(NATS_URL === undefined ? {} : { NATS_URL }),
  };
  const coldstream = async (line: string, options: RunOptions = {}) =>
    await runProcess(line.split(" ").filter(Boolean), {
      ...options,
      env: { ...environment, ...options.env },
      cwd: folder,
    });
  return {
    folder,
    staging,
    repository,
    coldstream,
    async json(line, options) {
      const { exit, stdout, stderr } = await coldstream(`${line} --json`, options);
      if (exit !== 0) throw new Error(`coldstream ${line} ended with ${exit}: ${stderr}`);
      return JSON.parse(stdout);
    },
    cheapen: async () => await cheapenRepository(repository, password),
    async leftovers() {
      const here = (await readdir(folder)).filter((name) => !["staging", "home"].includes(name));
      return [...here, ...(await readdir(staging))];
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The folders of restic and nats-server before those of the machine. */
export function programPath(): string {
  const programs = [findProgram("restic"), natsServerProgram()].filter((path) => path !== undefined);
  return [...programs.map((path) => dirname(path)), process.env["PATH"] ?? ""].join(delimiter);
}

async function runProcess(
  args: readonly string[],
  {
    env,
    cwd,
    onStderr,
    path,
    closeStdout = false,
  }: RunOptions & { readonly env: NodeJS.ProcessEnv; readonly cwd: string },
): Promise<Run> {
  const [program, first, variables] =
    path === undefined
      ? [join(root, "bin/coldstream"), [], env]
      : [process.execPath, [join(root, "src/cli/main.ts")], { ...env, PATH: path }];
  const child = spawn(program, [...first, ...args], {
    env: variables,
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  if (closeStdout) child.stdout.destroy();
  child.stderr.on("data", (chunk: Buffer) => {
    stderr.push(chunk);
    onStderr?.(Buffer.concat(stderr).toString("utf8"), (signal, whom) => {
      if (child.pid !== undefined) process.kill(whom === "group" ? -child.pid : child.pid, signal);
    });
  });
  const exit = await new Promise<number | null>((resolve, reject) => child.on("close", resolve).on("error", reject));
  return { exit, stdout: Buffer.concat(stdout).toString("utf8"), stderr: Buffer.concat(stderr).toString("utf8") };
}
