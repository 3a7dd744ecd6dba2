import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Within } from "../control-plane-parts.ts";
import type { InsideSettings, Order } from "./inside.ts";

/**
 * Namespaces of their own for network, mounts and processes: what runs there sees nothing of this machine's network, hides
 * what it mounts, and ends with the first process there, whatever happens to the test.
 */
export interface Enclosure extends Within, AsyncDisposable {
  /** Makes the API server on this port the Service that pods know. */
  serve(apiPort: number): Promise<void>;
  /** What connects to `local` on this machine's loopback comes to this place in there. */
  reach(local: number, host: string, port: number): Promise<void>;
  /** What DNS answers in there. */
  setNames(names: Readonly<Record<string, string>>): Promise<void>;
}

const address = "10.250.0.1";
const service = { host: "10.96.0.1", port: 443 };

/** The folders that programs of a node insist on are fresh ones in there. */
const beginning = `set -e
mount --make-rshared /
for folder in /run /var/lib /var/log; do mount -t tmpfs tmpfs $folder; done
ip link set lo up
ip addr add ${address}/32 dev lo
ip addr add ${service.host}/32 dev lo
ip route add default dev lo
echo 1 > /proc/sys/net/ipv4/ip_forward
exec "$@"`;

export async function openEnclosure(folder: string): Promise<Enclosure> {
  const names = join(folder, "names.json");
  await writeFile(names, "{}");
  const settings: InsideSettings = { service, dns: address, names };
  const first = spawn(
    "unshare",
    [
      ...["--net", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc", "--"],
      ...["/bin/sh", "-c", beginning, "sh", process.execPath, join(import.meta.dirname, "inside.ts")],
      JSON.stringify(settings),
    ],
    { stdio: ["pipe", "pipe", "inherit"], env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", NODE_NO_WARNINGS: "1" } },
  );
  const answers = createInterface({ input: first.stdout })[Symbol.asyncIterator]();
  const listeners: Server[] = [];
  const order = async (one: Order) => {
    first.stdin.write(`${JSON.stringify(one)}\n`);
    await answered(answers);
  };
  const reach: Enclosure["reach"] = async (local, host, port) => {
    const path = join(folder, `port-${local}.sock`);
    await order({ listen: path, host, port });
    listeners.push(await forward(local, path));
  };
  await answered(answers);
  const enter = ["nsenter", "--target", await innerPid(first), "--net", "--mount", "--pid"];
  return {
    ...{ enter, address },
    expose: async (port) => await reach(port, "127.0.0.1", port),
    reach,
    serve: async (api) => await order({ api }),
    setNames: async (given) => await writeFile(names, JSON.stringify(given)),
    async [Symbol.asyncDispose]() {
      for (const one of listeners) one.close();
      const ended = once(first, "exit");
      first.kill("SIGKILL");
      await ended;
    },
  };
}

async function answered(answers: AsyncIterator<string>): Promise<void> {
  if ((await answers.next()).done === true) throw new Error("the namespaces could not be made");
}

/** unshare's child is the first process in there. */
async function innerPid({ pid }: ChildProcess): Promise<string> {
  const [child = ""] = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ");
  return child;
}

async function forward(port: number, path: string): Promise<Server> {
  const server = createServer((from) => {
    const to = connect(path);
    from.pipe(to).pipe(from);
    from.on("error", () => to.destroy()).on("close", () => to.destroy());
    to.on("error", () => from.destroy()).on("close", () => from.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return server;
}
