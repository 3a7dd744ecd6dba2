import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { Failure } from "../kit/failures.ts";
import { exec } from "./exec.ts";
import { KubeFailure } from "./failure.ts";
import type { ClusterSettings } from "./settings.ts";

/** A server that speaks Kubernetes' exec protocol; what it says is the test's. */
let server: Server;
let sockets: WebSocketServer;
let asked: IncomingMessage[] = [];
let speak: (socket: WebSocket) => void = () => undefined;
let refuse: ((request: IncomingMessage) => { status: number; body: string } | undefined) | undefined;
let settings: ClusterSettings;
let spoken = "v5.channel.k8s.io";

beforeEach(async () => {
  asked = [];
  refuse = undefined;
  server = createServer();
  sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has(spoken) ? spoken : false),
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    asked.push(request);
    const refusal = refuse?.(request);
    if (refusal === undefined) sockets.handleUpgrade(request, socket, head, (open) => speak(open));
    else socket.end(`HTTP/1.1 ${refusal.status} No\r\ncontent-length: ${refusal.body.length}\r\n\r\n${refusal.body}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  settings = { server: `http://127.0.0.1:${port}/prefix`, token: "t1" };
});
afterEach(() => {
  for (const socket of sockets.clients) socket.terminate();
  server.closeAllConnections();
  server.close();
  spoken = "v5.channel.k8s.io";
});

const pod = { namespace: "demo", name: "nats-0" };
const run = async (changes: object = {}, signal = AbortSignal.timeout(20_000)) =>
  await exec(settings, { pod, command: ["sh", "-c", "echo a && b"], container: "nats", ...changes }, { signal });
const send = (socket: WebSocket, channel: number, text: string) =>
  socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
const exitStatus = (code: number) => ({
  ...{ kind: "Status", status: "Failure", reason: "NonZeroExitCode", message: `exit code ${code}` },
  details: { causes: [{ reason: "ExitCode", message: String(code) }] },
});

describe("a command in a container", () => {
  test.each(["v5.channel.k8s.io", "v4.channel.k8s.io"])("is run over %s", async (protocol) => {
    spoken = protocol;
    speak = (socket) => {
      expect(socket.protocol).toBe(protocol);
      for (const channel of [1, 2]) send(socket, channel, "");
      send(socket, 1, "out ");
      send(socket, 2, "err");
      send(socket, 1, "put");
      send(socket, 3, '{"metadata":{},"status":"Success"}');
      socket.close();
    };
    expect(await run()).toEqual({ exitCode: 0, stdout: "out put", stderr: "err" });
    const url = new URL(asked[0]?.url ?? "", "http://host");
    expect(url.pathname).toBe("/prefix/api/v1/namespaces/demo/pods/nats-0/exec");
    expect([...url.searchParams]).toEqual([
      ["command", "sh"],
      ["command", "-c"],
      ["command", "echo a && b"],
      ["container", "nats"],
      ["stdout", "true"],
      ["stderr", "true"],
    ]);
    expect(asked[0]?.headers.authorization).toBe("Bearer t1");
  });

  test("ends with its exit status, and the end of what it printed", async () => {
    speak = (socket) => {
      for (let line = 0; line < 2000; line++) send(socket, 2, `${line}\n`);
      send(socket, 3, JSON.stringify(exitStatus(42)));
    };
    const { exitCode, stderr } = await run();
    expect(exitCode).toBe(42);
    expect(stderr).toHaveLength(4096);
    expect(stderr).toMatch(/\n1998\n1999\n$/);
  });

  test("that cannot be started is a failure with the server's words", async () => {
    const message = 'failed to exec in container: exec: "b": executable file not found in $PATH';
    speak = (socket) =>
      send(socket, 3, JSON.stringify({ status: "Failure", reason: "InternalError", message, code: 500 }));
    await expect(run()).rejects.toThrow(`running "sh" in Pod demo/nats-0: ${message}`);
  });

  test("whose end nobody told is a failure", async () => {
    speak = (socket) => {
      send(socket, 1, "half");
      socket.close();
    };
    await expect(run()).rejects.toThrow("the connection ended before the command did");
  });

  test("may be refused", async () => {
    const message = 'pods "nats-0" is forbidden: User "x" cannot create resource "pods/exec"';
    refuse = () => ({ status: 403, body: JSON.stringify({ kind: "Status", reason: "Forbidden", message }) });
    const error = await run().catch((each: unknown) => each);
    expect(KubeFailure.isReason(error, "Forbidden") && error.message).toBe(
      `running "sh" in Pod demo/nats-0: ${message}`,
    );
  });

  test("is asked for once more when the token was renewed", async () => {
    let token = "old";
    settings = {
      ...settings,
      token: () => token,
      renew: () => {
        token = "new";
        return true;
      },
    };
    refuse = ({ headers }) => (headers.authorization === "Bearer new" ? undefined : { status: 401, body: "no" });
    speak = (socket) => send(socket, 3, '{"status":"Success"}');
    expect((await run()).exitCode).toBe(0);
    expect(asked).toHaveLength(2);
  });

  test("is no longer waited for when time is up, and the connection ends", async () => {
    const stopper = new AbortController();
    const closed = new Promise<void>((resolve) => {
      speak = (socket) => {
        socket.on("close", () => resolve());
        setTimeout(() => stopper.abort(new Failure("timed-out", "the hook took too long")), 50);
      };
    });
    await expect(run({}, stopper.signal)).rejects.toThrow("the hook took too long");
    await closed;
  });

  test("on a server that is not there is a failure", async () => {
    settings = { ...settings, server: "http://127.0.0.1:1" };
    const error = await run().catch((each: unknown) => each);
    expect(Failure.is(error, "cluster-unreachable")).toBe(true);
  });
});
