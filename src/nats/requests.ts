import { Failure } from "../kit/failures.ts";
import { onAbort } from "./abort.ts";
import type { Violation } from "./violation.ts";
import type { WireMessage } from "./wire-message.ts";

/** Nobody listens on the subject of a request (status 503). What that means depends on the subject: catch and map it. */
export class NoResponders extends Failure {
  constructor(subject: string) {
    super("server-refused", `nobody answers requests to ${subject}`);
  }
}

export interface RequestWire {
  /** A fresh subject of this connection's own. */
  readonly inbox: string;
  publish(subject: string, payload: Uint8Array, reply: string): void;
  subscribe(subject: string, onMessage: (message: WireMessage) => void, onError: (failure: Failure) => void): void;
}

export interface Requests {
  request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<WireMessage>;
  /** Fails the requests a permission violation is about. */
  refuse(violation: Violation, failure: Failure): void;
  /** Fails all that is pending and all that comes. */
  end(failure: Failure): void;
}

export interface RequestOptions {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Pending {
  readonly subject: string;
  readonly reply: string;
  resolve(message: WireMessage): void;
  reject(failure: Failure): void;
}

/** Milliseconds to wait for an answer when the caller does not say. */
const defaultTimeoutMs = 10_000;

/** Requests over one wildcard subscription, made with the first request: one permission and one SUB for all of them. */
export function openRequests(wire: RequestWire): Requests {
  const pending = new Map<string, Pending>();
  let count = 0;
  let ended: Failure | undefined;

  function listen(): void {
    wire.subscribe(
      `${wire.inbox}.*`,
      (message) => {
        const one = pending.get(message.subject);
        if (message.status?.code === 503 && message.payload.length === 0) one?.reject(new NoResponders(one.subject));
        else one?.resolve(message);
      },
      end,
    );
  }
  function end(failure: Failure): void {
    ended ??= failure;
    for (const one of [...pending.values()]) one.reject(failure);
  }
  async function request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<WireMessage> {
    if (ended !== undefined) throw ended;
    if (count === 0) listen();
    const reply = `${wire.inbox}.${++count}`;
    const { timeoutMs = defaultTimeoutMs, signal } = options;
    const answer = Promise.withResolvers<WireMessage>();
    const late = setTimeout(
      () => answer.reject(new Failure("timed-out", `no answer to ${subject} within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    using _aborted = onAbort(signal, answer.reject);
    pending.set(reply, { subject, reply, resolve: answer.resolve, reject: answer.reject });
    try {
      if (signal?.aborted !== true) wire.publish(subject, payload, reply);
      return await answer.promise;
    } finally {
      clearTimeout(late);
      pending.delete(reply);
    }
  }
  function refuse({ operation, subject }: Violation, failure: Failure): void {
    for (const one of [...pending.values()]) {
      if (subject === (operation === "reply" ? one.reply : one.subject)) one.reject(failure);
    }
  }
  return { request, refuse, end };
}
