import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../src/kit/failures.ts";
import type { Program } from "../../src/kit/program.ts";

/** Below those that systems give to connections and to whoever asks for any: nobody gets one of these by chance meanwhile. */
const [leastPort, mostPort] = [16_384, 29_999];
const patienceMs = 60_000;

/** A loopback port that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(leastPort, mostPort + 1);
    if (await isFree(port)) return port;
  }
}

/** As many, each another. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return false;
    throw error;
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
}

/** Does what `start` does, and once or twice more when a program of it ended at once: somebody took its port meanwhile. */
export async function onFreePorts<T>(start: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await start();
    } catch (error) {
      if (tries === 3 || !Failure.is(error, "program-failed")) throw error;
    }
  }
}

/** A server that listens on a loopback port which was free a moment ago. */
export async function startOnFreePort(
  start: (port: number) => Promise<Program>,
): Promise<{ readonly port: number; readonly server: Program }> {
  return await onFreePorts(async () => {
    const port = await freePort();
    const server = await start(port);
    try {
      await waitForPort(port, server.ended);
      return { port, server };
    } catch (error) {
      await server.stop("SIGKILL");
      throw error;
    }
  });
}

/** Waits until somebody listens on a loopback port; throws `program-failed` when `ended` (the server's end) comes first. */
export async function waitForPort(port: number, ended: Promise<{ readonly stderr: string }>): Promise<void> {
  let end: { readonly stderr: string } | undefined;
  void ended.then(
    (found) => {
      end = found;
    },
    () => undefined,
  );
  const until = performance.now() + patienceMs;
  while (performance.now() < until) {
    if (end !== undefined) throw new Failure("program-failed", `the server ended at once: ${end.stderr}`);
    if (await isListening(port)) return;
    await sleep(25);
  }
  throw new Error(`nobody listens on port ${port} after ${patienceMs / 1000} s`);
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  return await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}
