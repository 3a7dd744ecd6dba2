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
    child = undefined;
    if (running === undefined) return;
    const { exitCode, signalCode } = running;
    if (exitCode !== null || signalCode !== null) {
      const said = await readFile(join(directory, "stderr"), "utf8");
      const last = (await log()).slice(-2000);
      throw new Error(`nats-server ended by itself (${exitCode ?? signalCode}): ${said.slice(0, 4000)}\n${last}`);
    }
    const ended = new Promise<void>((resolve) => running.once("exit", () => resolve()));
    running.kill(signal);
    await ended;
    await writeFile(join(directory, "log"), "");
  }
  await start();
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

async function readPort(folder: string, pid: number): Promise<number | undefined> {
  const text = await readFile(join(folder, `nats-server_${pid}.ports`), "utf8").catch(() => undefined);
  if (text === undefined || text === "") return undefined;
  const match = /"nats":\s*\[\s*"[a-z]+:\/\/[^:]+:(\d+)"/.exec(text);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}
