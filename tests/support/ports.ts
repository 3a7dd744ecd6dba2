import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A loopback port that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Waits until somebody listens on a loopback port; throws when `ended` (the server's end) comes first. */
export async function waitForPort(port: number, ended: Promise<{ readonly stderr: string }>): Promise<void> {
  let end: { readonly stderr: string } | undefined;
  void ended.then(
    (found) => {
      end = found;
    },
    () => undefined,
  );
  for (let waitedMs = 0; waitedMs < 15_000; waitedMs += 25) {
    if (end !== undefined) throw new Error(`the server ended at once: ${end.stderr}`);
    if (await isListening(port)) return;
    await sleep(25);
  }
  throw new Error(`nobody listens on port ${port} after 15 s`);
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  return await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}
