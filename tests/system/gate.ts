import { connect, createServer, type Socket } from "node:net";

/** A port that leads to another and can hold back the connections that run, while new ones pass. */
export interface Gate extends AsyncDisposable {
  readonly port: number;
  /** Holds what runs as soon as clients have sent so many more bytes: at once, while what they send is under way. */
  holdAfter(bytes: number): void;
  isHolding(): boolean;
  release(): void;
}

export async function startGate(target: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  const held = new Set<Socket>();
  /** Bytes until it holds. */
  let left = Number.POSITIVE_INFINITY;
  function count(bytes: number): void {
    left -= bytes;
    if (left > 0) return;
    left = Number.POSITIVE_INFINITY;
    for (const socket of sockets) held.add(socket.pause());
  }
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => {});
      one.on("close", () => {
        sockets.delete(one);
        held.delete(one);
        other.destroy();
      });
      one.on("data", (bytes) => {
        other.write(bytes);
        if (one === client) count(bytes.length);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the gate has no port");
  return {
    port: address.port,
    holdAfter(bytes) {
      left = bytes;
    },
    isHolding: () => held.size > 0,
    release() {
      for (const socket of held) socket.resume();
      held.clear();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
