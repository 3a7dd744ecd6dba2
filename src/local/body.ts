import type { Incoming } from "./https.ts";
import { isObject, type JsonObject, type JsonValue } from "./json.ts";
import { decodeProtobuf, protobufType } from "./protobuf.ts";
import { badRequest, tooLarge, unsupportedMediaType } from "./status.ts";

/** As an API server takes them. */
export const mostBodyBytes = 3 * 1024 * 1024;

/** The whole body. */
export async function readBody(incoming: Incoming): Promise<Buffer> {
  if (Number(incoming.headers["content-length"] ?? 0) > mostBodyBytes) throw tooLarge(mostBodyBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > mostBodyBytes) throw tooLarge(mostBodyBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

export const jsonType = "application/json";

export function mediaTypeOf(incoming: Incoming): string {
  return (incoming.headers["content-type"] ?? jsonType).split(";")[0]?.trim() ?? "";
}

/** JSON of any kind. */
export function parseJson(bytes: Buffer): JsonValue {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw badRequest(`the body of the request is no JSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** The object that was sent. Throws Refused when it is none, or in a form that is not known. */
export async function readObject(incoming: Incoming): Promise<JsonObject> {
  const type = mediaTypeOf(incoming);
  if (type !== jsonType && type !== protobufType) throw unsupportedMediaType([jsonType, protobufType]);
  const bytes = await readBody(incoming);
  if (type === protobufType) return decodeProtobuf(bytes);
  const value = parseJson(bytes);
  if (!isObject(value)) throw badRequest("the body of the request is no JSON object");
  return value;
}

/** What is said of a deletion: as `readObject`, where nothing need be said. */
export async function readOptions(incoming: Incoming): Promise<JsonObject> {
  const hasBody = incoming.headers["content-length"] !== "0" && incoming.headers["content-type"] !== undefined;
  const options = hasBody ? await readObject(incoming) : {};
  const { kind = "" } = options;
  if (kind !== "" && kind !== "DeleteOptions")
    throw badRequest(`no kind ${JSON.stringify(kind)} is known where options are sent`);
  return options;
}
