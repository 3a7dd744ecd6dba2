import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../kit/failures.ts";
import { pauseBefore } from "./attempts.ts";
import { type KubeFailure, refusalOf, unreachable, unreadable } from "./failure.ts";
import type { ClusterSettings, Limits } from "./settings.ts";
import { type Answer, type Call, interrupted, readBody, type Transport } from "./transport.ts";

export interface Order extends Call {
  /** For messages: "reading Secret demo/storage". */
  readonly action: string;
  readonly signal: AbortSignal;
}

/** Requests that are sent again when that helps, and whose failures are KubeFailures. */
export interface Requests {
  /** The body of a good answer. */
  text(order: Order): Promise<string>;
  json(order: Order): Promise<unknown>;
  /** A good answer whose body is still to be read. One attempt. */
  open(order: Order): Promise<Answer>;
}

export function openRequests(transport: Transport, settings: ClusterSettings, limits: Limits): Requests {
  async function open(order: Order): Promise<Answer> {
    const answer = await attempt(order);
    if (answer.status !== 401 || settings.renew === undefined) return await good(order, answer);
    const failure = await refusal(order, answer);
    if (!(await settings.renew())) throw failure;
    return await good(order, await attempt(order));
  }

  async function attempt(order: Order): Promise<Answer> {
    try {
      return await transport.send(order, { signal: order.signal });
    } catch (error) {
      if (order.signal.aborted) throw interrupted(order.signal, order.action);
      throw Failure.is(error) ? error : unreachable(order.action, settings.server, error);
    }
  }

  async function read(order: Order, answer: Answer): Promise<string> {
    try {
      return await readBody(answer, limits.answerBytes);
    } catch (error) {
      if (order.signal.aborted) throw interrupted(order.signal, order.action);
      if (error instanceof RangeError) throw unreadable(order.action, error.message);
      throw unreachable(order.action, settings.server, error);
    }
  }

  async function good(order: Order, answer: Answer): Promise<Answer> {
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw await refusal(order, answer);
  }

  async function refusal(order: Order, answer: Answer): Promise<KubeFailure> {
    const { action } = order;
    return refusalOf({ action, status: answer.status, retryAfter: answer.retryAfter, body: await read(order, answer) });
  }

  async function text(order: Order): Promise<string> {
    const started = performance.now();
    for (let tries = 1; ; tries++) {
      try {
        return await read(order, await open(order));
      } catch (failure) {
        const pauseMs = pauseBefore({ method: order.method, tries, failure, chance: Math.random() });
        if (pauseMs === undefined || performance.now() - started + pauseMs > limits.retryMs) throw failure;
        await pause(pauseMs, order.signal).catch((error: unknown) => {
          // when time is up, what went wrong the last time says more
          throw Failure.is(error, "timed-out") ? failure : error;
        });
      }
    }
  }

  async function json(order: Order): Promise<unknown> {
    const body = await text(order);
    try {
      return JSON.parse(body);
    } catch (cause) {
      throw unreadable(order.action, "the answer is no JSON", cause);
    }
  }
  return { text, json, open };
}

/** Waits; rejects with `interrupted` or `timed-out` when the signal is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch {
    throw interrupted(signal);
  }
}
