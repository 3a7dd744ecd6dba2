import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../kit/failures.ts";
import { startProgram } from "../kit/program.ts";

/**
 * Runs the server beside a watch on our own process: killed hard, we could not end it, and it would stay for ever.
 * Arguments: our process id, the folder that goes with us, the server's command.
 */
const guard = `
parent=$1; home=$2; shift 2
"$@" & server=$!
trap 'kill $server 2>/dev/null; wait $server; exit 0' TERM INT HUP
while kill -0 $server 2>/dev/null; do
  if ! kill -0 "$parent" 2>/dev/null; then kill -9 $server; cd /; rm -rf "$home"; exit 1; fi
  sleep 1 >/dev/null 2>&1 & wait $!
done
wait $server`;

/** Time a server has to get ready. */
const readyMs = 20_000;

export interface ScratchServer extends AsyncDisposable {
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

export interface ScratchOptions {
  readonly signal: AbortSignal;
  /** The environment the server gets. */
  readonly env: Readonly<Record<string, string>>;
  /** Let everyone on this machine in, without a password. */
  readonly open?: boolean;
}

/**
 * A nats-server of our own on a free loopback port, with JetStream in a new folder under `directory`. Only who has the
 * password of this run gets in, unless `open`. Ended, and its folder removed, on release.
 */
export async function startScratchServer(
  program: string,
  directory: string,
  { signal, env, open = false }: ScratchOptions,
): Promise<ScratchServer> {
  const home = await mkdtemp(join(directory, "coldstream-scratch-"));
  const [user, password] = ["coldstream", crypto.randomUUID()];
  const configuration = join(home, "server.conf");
  const text = [
    "listen: 127.0.0.1:-1",
    `jetstream { store_dir: ${JSON.stringify(join(home, "store"))}, max_file_store: 1125899906842624, max_memory_store: 1073741824 }`,
    ...(open ? [] : [`authorization { user: ${user}, password: ${JSON.stringify(password)} }`]),
    "max_payload: 67108864",
    "max_pending: 268435456",
    `ports_file_dir: ${JSON.stringify(join(home, "ports"))}`,
    `log_file: ${JSON.stringify(join(home, "log"))}`,
  ].join("\n");
  await mkdir(join(home, "ports"));
  await writeFile(configuration, text, { mode: 0o600 });
  const args = ["-c", guard, "guard", String(process.pid), home, program, "-c", configuration];
  const server = await startProgram("/bin/sh", args, { env, cwd: home });
  const dispose = async () => {
    await server[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  };
  try {
    const port = await waitForPort(home, { signal, ended: server.ended });
    return { url: `nats://127.0.0.1:${port}`, user, password, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function waitForPort(
  home: string,
  { signal, ended }: { readonly signal: AbortSignal; readonly ended: Promise<unknown> },
): Promise<number> {
  let isEnded = false;
  void ended.then(() => {
    isEnded = true;
  });
  const read = (name: string) => readFile(join(home, name), "utf8").catch(() => "");
  for (let waited = 0; waited < readyMs && !isEnded; waited += 25) {
    const log = await read("log");
    const [ports] = await readdir(join(home, "ports"));
    const found = ports === undefined ? "" : await read(`ports/${ports}`);
    const port = /"nats":\s*\[\s*"\w+:\/\/[^:]+:(\d+)"/.exec(found)?.[1];
    if (port !== undefined && log.includes("Server is ready")) return Number(port);
    await sleep(25, undefined, { signal });
  }
  const tail = (await read("log")).trim().split("\n").at(-1) ?? "";
  throw new Failure(
    "program-failed",
    `starting the scratch nats-server: it did not get ready${tail === "" ? "" : `: ${tail}`}`,
  );
}
