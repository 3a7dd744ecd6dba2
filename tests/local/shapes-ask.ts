import { request } from "node:https";
import type { JsonObject } from "../../src/local/json.ts";
import type { ControlPlane } from "../support/control-plane.ts";

export interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

interface Asked {
  readonly method: "GET" | "POST" | "PATCH";
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
}

/** What the API server answers, refusals included: the control plane's own `request` throws them. */
export async function ask({ port, token, ca }: ControlPlane, asked: Asked): Promise<Answer> {
  const { method, path, body, contentType = "application/json", accept = "application/json" } = asked;
  const headers = { authorization: `Bearer ${token}`, "content-type": contentType, accept };
  return await new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, ca, servername: "kubernetes", method, path, headers },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("end", () =>
          resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString("utf8")) }),
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
