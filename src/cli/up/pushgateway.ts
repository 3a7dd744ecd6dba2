import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../kit/failures.ts";
import { bracketed, listenHint, reachable } from "../../kit/hosts.ts";
import type { Log } from "../../kit/log.ts";
import { findProgram, type Program, runProgram, startProgram } from "../../kit/program.ts";
import { startGateway } from "../../metrics/gateway.ts";
import type { Address } from "../commands/operator.ts";

export interface PushgatewayOptions {
  readonly listen: Address;
  /** Its figures outlive it here. */
  readonly folder: string;
  readonly path: string;
  readonly log: Log;
}

export interface Pushgateway extends AsyncDisposable {
  readonly url: string;
  /** There is no program of Prometheus' here. */
  readonly isOwn: boolean;
}

const names = ["prometheus-pushgateway", "pushgateway"];
const startsWithinMs = 10_000;
const restartAfterMs = 5000;

/** The real program, where it is installed; it is started again when it ends. Elsewhere ours, which shows the same. */
export async function startPushgateway(options: PushgatewayOptions): Promise<Pushgateway> {
  const found = await Promise.all(names.map((name) => findProgram(name, options.path)));
  const program = found.find((path) => path !== undefined);
  await endForgotten(options);
  return program === undefined ? await startOwn(options) : await startProgramOf(program, options);
}

async function startOwn({ listen, folder, log }: PushgatewayOptions): Promise<Pushgateway> {
  const gateway = await startGateway({ ...listen, file: join(folder, "figures.json"), log }).catch((error: unknown) => {
    throw notStarted(listen, Failure.is(error) ? error.cause : error);
  });
  const end = () => gateway[Symbol.asyncDispose]();
  return { url: `http://${reachable(listen.host)}:${gateway.port}`, isOwn: true, [Symbol.asyncDispose]: end };
}

async function startProgramOf(program: string, options: PushgatewayOptions): Promise<Pushgateway> {
  const stop = new AbortController();
  const first = await launch(program, options, options.listen.port).catch((error: unknown) => {
    throw notStarted(options.listen, error);
  });
  const { port } = first;
  const kept = keep(first.running, { ...options, program, port, signal: stop.signal });
  return {
    url: `http://${reachable(options.listen.host)}:${port}`,
    isOwn: false,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await kept;
    },
  };
}

function notStarted({ host, port }: Address, cause: unknown): Failure {
  return new Failure("configuration-invalid", `starting the Pushgateway on ${bracketed(host)}:${port}`, {
    ...{ cause, hint: listenHint(cause, "--pushgateway-address") },
  });
}

/** One of ours that outlived a kill of its parent: it holds the port and the figures. */
async function endForgotten({ folder, path }: PushgatewayOptions): Promise<void> {
  const pid = (await readFile(join(folder, "pid"), "utf8").catch(() => "")).trim();
  if (!/^\d+$/.test(pid)) return;
  const running = async () => {
    const { stdout } = await runProgram("ps", ["-ww", "-p", pid, "-o", "command="], { env: { PATH: path } });
    return stdout.includes(figuresFlag(folder));
  };
  for (let tries = 0; tries < 50 && (await running()); tries++) {
    // not at once after each other: it writes its figures when it is asked to end
    if (tries === 0 || tries === 40) process.kill(Number(pid), tries === 0 ? "SIGTERM" : "SIGKILL");
    await sleep(100);
  }
}

function figuresFlag(folder: string): string {
  return `--persistence.file=${join(folder, "figures")}`;
}

interface Keeping extends PushgatewayOptions {
  readonly program: string;
  readonly port: number;
  readonly signal: AbortSignal;
}

async function keep(first: Program, { program, port, signal, ...options }: Keeping): Promise<void> {
  let running: Program | undefined = first;
  while (!signal.aborted) {
    const { promise, resolve } = Promise.withResolvers<"stop">();
    signal.addEventListener("abort", () => resolve("stop"), { once: true });
    const end = await Promise.race([running?.ended, promise]);
    if (end === "stop") break;
    // Ctrl-C in a terminal reaches it too: a moment later it was told to end
    await sleep(500, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    options.log.warn({ program, exitCode: end?.exitCode, stderr: end?.stderr.slice(-500) }, "Pushgateway ended");
    await sleep(restartAfterMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    running = await launch(program, options, port).then(
      (launched) => launched.running,
      (error: unknown) => {
        options.log.warn({ program, error }, "starting the Pushgateway again");
        return undefined;
      },
    );
  }
  await running?.stop();
}

/** Ready when it says where it listens: it may have been asked for any port. */
async function launch(
  program: string,
  { listen, folder, path }: PushgatewayOptions,
  port: number,
): Promise<{ readonly running: Program; readonly port: number }> {
  const listening = Promise.withResolvers<number>();
  const running = await startProgram(
    program,
    [`--web.listen-address=${bracketed(listen.host)}:${port}`, figuresFlag(folder)],
    {
      env: { PATH: path },
      onStderrLine(line) {
        const said = /istening on.*address=\S*:(\d+)/.exec(line);
        if (said?.[1] !== undefined) listening.resolve(Number(said[1]));
      },
    },
  );
  await writeFile(join(folder, "pid"), `${running.pid}\n`);
  const late = AbortSignal.timeout(startsWithinMs);
  late.addEventListener("abort", () => listening.reject(new Error("the Pushgateway did not say that it listens")));
  running.ended.then(
    ({ stderr }) => listening.reject(new Error(`the Pushgateway ended: ${stderr.trim().split("\n").at(-1)}`)),
    (error: unknown) => listening.reject(error),
  );
  try {
    return { running, port: await listening.promise };
  } catch (error) {
    await running.stop();
    throw error;
  }
}
