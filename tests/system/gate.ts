import { connect, createServer, type Socket } from "node:net";

/** A port that leads to another and can hold back the connections that run, while new ones pass. */
export interface Gate extends AsyncDisposable {
  readonly port: number;
  /** What has come from clients so far. */
  sentBytes(): number;
  hold(): void;
  release(): void;
}

export async function startGate(target: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  const held = new Set<Socket>();
  let sent = 0;
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
        if (one === client) sent += bytes.length;
        other.write(bytes);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the gate has no port");
  return {
    port: address.port,
    sentBytes: () => sent,
    hold() {
      for (const socket of sockets) held.add(socket.pause());
    },
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
