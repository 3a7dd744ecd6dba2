import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface HookCall {
  readonly line: string;
  readonly contentType: string;
  readonly body: string;
}

/** What users have their hooks call: an HTTP server that writes down who came. */
export interface HookServer extends AsyncDisposable {
  readonly port: number;
  readonly calls: readonly HookCall[];
  /** From now on: what it answers with, and what it does before. */
  answer(status: number, meanwhile?: () => Promise<void>): void;
  clear(): void;
}

export async function startHookServer(): Promise<HookServer> {
  const calls: HookCall[] = [];
  let [status, meanwhile] = [200, async () => {}];
  const server: Server = createServer(async (request, response) => {
    const contentType = request.headers["content-type"] ?? "";
    calls.push({ line: `${request.method} ${request.url}`, contentType, body: await text(request) });
    await meanwhile();
    response.writeHead(status).end(status < 400 ? "" : "not today");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...{ port, calls },
    answer(nextStatus, next = async () => {}) {
      [status, meanwhile] = [nextStatus, next];
    },
    clear() {
      calls.length = 0;
      [status, meanwhile] = [200, async () => {}];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
