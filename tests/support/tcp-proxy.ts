import { connect, createServer, type Socket } from "node:net";

/** One protocol message of a NATS server: `MSG`/`HMSG` with its bytes (`body`), anything else with none. */
export interface ServerFrame {
  /** The first line, without its end. */
  readonly head: string;
  readonly body: Buffer;
}

export interface TcpProxyOptions {
  /**
   * Sees each frame from the server. Returns the body to pass on (of the same length), or undefined to leave the frame
   * out. Without it bytes pass as they come.
   */
  onServerFrame?(frame: ServerFrame): Buffer | undefined;
  /** Keeps what the server sends back this long. */
  readonly delayMs?: number;
  /** What passes from the server in a second, at most; the server waits, as with a slow network. */
  readonly bytesPerSecond?: number;
}

export interface TcpProxy extends AsyncDisposable {
  readonly url: string;
  /** Ends every connection that runs. */
  cut(): void;
  /** From now on nothing passes in either direction; connections stay open. */
  freeze(): void;
}

/** A loopback port that leads to another one, and can cut, freeze, delay, drop or change what comes from there. */
export async function startTcpProxy(port: number, options: TcpProxyOptions = {}): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isFrozen = false;
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    const filter = frameFilter(options);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => {});
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    client.on("data", (bytes) => {
      if (!isFrozen) upstream.write(bytes);
    });
    const slow = slowing(upstream, options);
    upstream.on("data", (bytes) => {
      const passed = filter(bytes);
      if (isFrozen || passed.length === 0) return;
      if (options.delayMs === undefined) client.write(passed);
      else setTimeout(() => client.write(passed), options.delayMs);
      slow(passed.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    url: `nats://127.0.0.1:${address.port}`,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    freeze() {
      isFrozen = true;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A sender that is silent this long after it may go on has nothing to send. */
const idleMs = 100;

/** Called with what has passed from `source`: stops it until a line of that speed would be free again. */
function slowing(source: Socket, { bytesPerSecond }: TcpProxyOptions): (bytes: number) => void {
  if (bytesPerSecond === undefined) return () => {};
  let [freeMs, resumedMs] = [0, 0];
  return (bytes) => {
    const now = performance.now();
    // time that a late timer lost is made up for, time in which nothing was sent is not
    if (now - resumedMs > idleMs) freeMs = now;
    freeMs += (bytes / bytesPerSecond) * 1000;
    source.pause();
    const resume = () => {
      resumedMs = performance.now();
      source.resume();
    };
    setTimeout(resume, Math.max(0, freeMs - now));
  };
}

function frameFilter({ onServerFrame }: TcpProxyOptions): (bytes: Buffer) => Buffer {
  if (onServerFrame === undefined) return (bytes) => bytes;
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const passed: Buffer[] = [];
    for (let frame = firstFrame(rest); frame !== undefined; frame = firstFrame(rest)) {
      const body = onServerFrame(frame);
      if (body !== undefined) passed.push(Buffer.from(`${frame.head}\r\n`, "latin1"), body, frame.end);
      rest = rest.subarray(frame.head.length + 2 + frame.body.length + frame.end.length);
    }
    return Buffer.concat(passed);
  };
}

function firstFrame(bytes: Buffer): (ServerFrame & { readonly end: Buffer }) | undefined {
  const lineEnd = bytes.indexOf("\r\n");
  if (lineEnd < 0) return undefined;
  const head = bytes.toString("latin1", 0, lineEnd);
  if (!/^H?MSG /.test(head)) return { head, body: Buffer.alloc(0), end: Buffer.alloc(0) };
  const size = Number(head.split(" ").at(-1));
  const start = lineEnd + 2;
  if (bytes.length < start + size + 2) return undefined;
  return { head, body: bytes.subarray(start, start + size), end: bytes.subarray(start + size, start + size + 2) };
}
