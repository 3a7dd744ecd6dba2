import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type NatsServerVersion, natsServerProgram } from "./programs.ts";

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly version: NatsServerVersion;
  readonly pid: number;
  readonly directory: string;
  /** What the server logged so far. */
  log(): Promise<string>;
  /** Ends it (SIGTERM unless told) and keeps its store. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and store. */
  start(): Promise<void>;
}

export interface TestServerOptions {
  readonly version?: NatsServerVersion;
  /** Added to the configuration file as it is (accounts, tls, limits). `STORE` stands for the store's folder. */
  readonly config?: string;
  /** Replaces the jetstream block; "" leaves JetStream off. */
  readonly jetstream?: string;
}

/** A real nats-server on a free loopback port, with JetStream in a temporary folder of its own. */
export async function startNatsServer(options: TestServerOptions = {}): Promise<TestServer> {
  const version = options.version ?? "2.12.15";
  const program = natsServerProgram(version);
  if (program === undefined) throw new Error(`nats-server ${version} is missing: run npm run setup -- --tests`);
  const directory = await mkdtemp(join(tmpdir(), "coldstream-nats-"));
  const store = join(directory, "store");
  const jetstream = options.jetstream ?? "jetstream { store_dir: STORE }";
  const text = `${jetstream}\n${options.config ?? ""}\n`.replaceAll(/\bSTORE\b/g, JSON.stringify(store));
  await writeFile(join(directory, "server.conf"), text);
  let port = -1;
  let child: ChildProcess | undefined;
  let ending: Promise<void> | undefined;

  async function start(): Promise<void> {
    const ports = join(directory, "ports");
    await rm(ports, { recursive: true, force: true });
    await mkdir(ports);
    const args = [
      "-c",
      join(directory, "server.conf"),
      "-a",
      "127.0.0.1",
      "-p",
      String(port),
      "-l",
      join(directory, "log"),
      "--ports_file_dir",
      ports,
    ];
    // why it ended by itself (a panic, no more threads) is told on standard error alone
    await using panic = await open(join(directory, "stderr"), "a");
    const started = spawn(program as string, args, { stdio: ["ignore", "ignore", panic.fd] });
    child = started;
    try {
      await untilReady(started, ports);
    } catch (error) {
      child = undefined;
      await kill(started);
      throw error;
    }
  }
  async function untilReady(started: ChildProcess, ports: string): Promise<void> {
    for (let waited = 0; waited < 15_000; waited += 20) {
      if (started.exitCode !== null) throw new Error(`nats-server ended at once: ${await log()}`);
      if (port === -1) port = (await readPort(ports, started.pid ?? 0)) ?? -1;
      if (port !== -1 && (await log()).includes("Server is ready")) return;
      await sleep(20);
    }
    throw new Error(`nats-server is not ready after 15 s: ${await log()}`);
  }
  async function log(): Promise<string> {
    return await readFile(join(directory, "log"), "utf8").catch(() => "");
  }
  async function stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const running = child;
    if (running === undefined) return;
    if (ending === undefined && hasEnded(running)) {
      child = undefined;
      const said = await readFile(join(directory, "stderr"), "utf8");
      const last = (await log()).slice(-2000);
      const code = running.exitCode ?? running.signalCode;
      throw new Error(`nats-server ended by itself (${code}): ${said.slice(0, 4000)}\n${last}`);
    }
    ending ??= end(running);
    running.kill(signal);
    await ending;
  }
  /** One for all who stop it: the folder must not go before the last file is written. */
  async function end(running: ChildProcess): Promise<void> {
    await exitOf(running);
    await writeFile(join(directory, "log"), "");
    child = ending = undefined;
  }
  try {
    await start();
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    get url() {
      return `nats://127.0.0.1:${port}`;
    },
    get port() {
      return port;
    },
    get pid() {
      return child?.pid ?? 0;
    },
    version,
    directory,
    log,
    stop,
    start,
    async [Symbol.asyncDispose]() {
      await stop("SIGKILL");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function exitOf(running: ChildProcess): Promise<void> {
  if (!hasEnded(running)) await new Promise<void>((resolve) => running.once("exit", () => resolve()));
}

async function kill(running: ChildProcess): Promise<void> {
  running.kill("SIGKILL");
  await exitOf(running);
}

async function readPort(folder: string, pid: number): Promise<number | undefined> {
  const text = await readFile(join(folder, `nats-server_${pid}.ports`), "utf8").catch(() => undefined);
  if (text === undefined || text === "") return undefined;
  const match = /"nats":\s*\[\s*"[a-z]+:\/\/[^:]+:(\d+)"/.exec(text);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}
