import type { Incoming } from "./https.ts";
import { isObject, type JsonObject, type JsonValue } from "./json.ts";
import { badRequest, tooLarge } from "./status.ts";

/** As an API server takes them. */
export const mostBodyBytes = 3 * 1024 * 1024;

/** The whole body as text. */
export async function readBody(incoming: Incoming): Promise<string> {
  if (Number(incoming.headers["content-length"] ?? 0) > mostBodyBytes) throw tooLarge(mostBodyBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > mostBodyBytes) throw tooLarge(mostBodyBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString("utf8");
}

export function parseBody(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`the body of the request is no JSON: ${error instanceof Error ? error.message : error}`);
  }
}

export function parseObject(text: string): JsonObject {
  const value = parseBody(text);
  if (!isObject(value)) throw badRequest("the body of the request is no JSON object");
  return value;
}
