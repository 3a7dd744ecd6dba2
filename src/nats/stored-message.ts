import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { parseTime } from "../kit/time.ts";
import { ApiFailure, type JetStream, nameToken } from "./jetstream.ts";
import type { StoredMessage } from "./message.ts";
import type { Waiting } from "./streams.ts";

/** `JSApiMsgGetResponse`: bytes in base64, the header block as stored. */
const MessageAnswer = z.object({
  message: z.object({
    subject: z.string(),
    seq: z.bigint(),
    time: z.string(),
    hdrs: z.string().optional(),
    data: z.string().optional(),
  }),
});

/** One message, the first at or after a sequence, or the newest of a subject. */
export type MessageQuery =
  | { readonly seq: bigint }
  | { readonly seq: bigint; readonly next_by_subj: ">" }
  | { readonly last_by_subj: string };

const noMessage = 10037;

/**
 * STREAM.MSG.GET: answered by the stream's leader, so it sees all that was stored. Undefined when there is no such
 * message. The subject came through JSON: bytes that are no UTF-8 are lost.
 */
export async function requestMessage(
  js: JetStream,
  stream: string,
  query: MessageQuery,
  { signal, timeoutMs }: Waiting = {},
): Promise<StoredMessage | undefined> {
  const call = { schema: MessageAnswer, signal, timeoutMs };
  try {
    const { message } = await js.request(`STREAM.MSG.GET.${nameToken(stream)}`, query, call);
    return {
      sequence: message.seq,
      timestamp: parseTime(message.time),
      subject: new TextEncoder().encode(message.subject),
      header: Buffer.from(message.hdrs ?? "", "base64"),
      payload: Buffer.from(message.data ?? "", "base64"),
    };
  } catch (error) {
    if (ApiFailure.has(error, noMessage)) return undefined;
    throw error;
  }
}

/** Throws `storage-unsupported` for a message whose subject lost bytes on its way through JSON: it must not be stored so. */
export function checkSubject(stream: string, message: StoredMessage): StoredMessage {
  if (!Buffer.from(message.subject).includes(lostBytes)) return message;
  throw new Failure(
    "storage-unsupported",
    `reading ${stream}: the subject of message ${message.sequence} is no UTF-8, and this server or stream offers no exact way to read it`,
    { hint: "set allow_direct on the stream (nats stream edit --allow-direct)" },
  );
}

/** U+FFFD, which stands for what is no UTF-8. */
const lostBytes = Buffer.from("\ufffd");
