import { checkAborted } from "./abort.ts";
import { aheadBytes } from "./ahead.ts";
import type { JetStream } from "./jetstream.ts";
import type { StoredMessage } from "./message.ts";
import type { MessageReader, OnMessage, ReadOptions } from "./messages.ts";
import { checkSubject, requestMessage } from "./stored-message.ts";

/** Requests at the same time, where the stream has no gaps. */
const mostAhead = 32;
/** How many may be asked for is judged by what the last ones brought. These, should all be as large as the server allows. */
const worstBytes = 32 * 1024 * 1024;

/** Reads with one STREAM.MSG.GET for each message: works everywhere, and takes a round trip for every 32 messages at best. */
export function openSingleReader(js: JetStream, stream: string, from: bigint): MessageReader {
  let next = from > 0n ? from : 1n;
  let ahead = 1;
  const most = Math.min(mostAhead, Math.floor(worstBytes / js.connection.maxPayloadBytes));

  async function readThrough(target: bigint, onMessage: OnMessage, { signal }: ReadOptions = {}): Promise<void> {
    while (next <= target) {
      checkAborted(signal);
      const found = await ask(target, signal);
      const distinct = found.filter((message, at) => message.sequence !== found[at - 1]?.sequence);
      for (const message of distinct) {
        checkAborted(signal);
        next = message.sequence + 1n;
        await onMessage(checkSubject(stream, message));
      }
      if (distinct.length === 0) next = target + 1n;
      ahead = aheadAfter(found, distinct.length);
    }
  }
  /** "The first message at or after this sequence", for several sequences: in a gap all answers are the same message. */
  async function ask(target: bigint, signal: AbortSignal | undefined): Promise<StoredMessage[]> {
    const count = Math.min(ahead, Number(target - next) + 1);
    const sequences = Array.from({ length: count }, (_, at) => next + BigInt(at));
    const answers = sequences.map((seq) => requestMessage(js, stream, { seq, next_by_subj: ">" }, { signal }));
    return (await Promise.all(answers)).filter((answer) => answer !== undefined);
  }
  function aheadAfter(found: readonly StoredMessage[], distinct: number): number {
    if (distinct < found.length) return 1;
    const bytes = Math.max(...found.map(({ payload }) => payload.length), 1);
    return Math.max(1, Math.min(ahead * 2, most, Math.floor(aheadBytes / bytes)));
  }
  return { method: "single", readThrough, async [Symbol.asyncDispose]() {} };
}
