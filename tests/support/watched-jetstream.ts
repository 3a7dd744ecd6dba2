import type { JetStream } from "../../src/nats/jetstream.ts";

export interface WatchedCall {
  readonly call: string;
  readonly body: unknown;
  /** How many calls began with the same two words, this one included. */
  readonly nth: number;
}

/** A JetStream that runs something of the test's after each answer of the server, before the caller gets it. */
export function watchJetStream(jetstream: JetStream, afterAnswer: (call: WatchedCall) => Promise<void>): JetStream {
  const counts = new Map<string, number>();
  return {
    connection: jetstream.connection,
    prefix: jetstream.prefix,
    async request(call, body, options) {
      const answer = await jetstream.request(call, body, options);
      const kind = call.split(".", 2).join(".");
      const nth = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, nth);
      await afterAnswer({ call, body, nth });
      return answer;
    },
  };
}
