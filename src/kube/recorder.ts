import { createHash, randomBytes } from "node:crypto";
import { formatTime } from "../kit/quantities.ts";
import type { Cluster, Waiting } from "./cluster.ts";
import { type Event, events } from "./core.ts";
import type { Key, KubeObject } from "./resource.ts";

export interface News {
  readonly type: "Normal" | "Warning";
  /** In one word for programs. */
  readonly reason: string;
  readonly message: string;
}

/** Tells people what happens to an object, as `kubectl describe` shows it. Never throws, never rejects. */
export interface Recorder {
  event(object: KubeObject, news: News): Promise<void>;
}

export interface RecorderOptions {
  readonly component: string;
  /** An event that could not be written. Nothing else depends on it. */
  readonly onFailure?: (error: unknown, object: KubeObject, news: News) => void;
  /** The same news within this time is counted instead of told again. Servers keep an event for an hour. */
  readonly windowMs?: number;
  readonly signal?: AbortSignal;
  readonly clock?: () => Date;
}

/** Kubernetes takes no longer message. */
const messageLength = 1024;
/** Of the newest news; older are told as new ones. */
const mostRemembered = 4096;
const mostMs = 10_000;

interface Told {
  readonly key: Key;
  readonly count: number;
  readonly atMs: number;
}

export function recorder(cluster: Cluster, options: RecorderOptions): Recorder {
  const { windowMs = 10 * 60_000, clock = () => new Date() } = options;
  /** What was told, and the request that tells it: the next waits for it. */
  const told = new Map<string, Promise<Told | undefined>>();

  async function write(before: Told | undefined, object: KubeObject, news: News): Promise<Told> {
    const now = clock();
    const signal = AbortSignal.any([AbortSignal.timeout(mostMs), ...(options.signal ? [options.signal] : [])]);
    const isFresh = before !== undefined && now.getTime() - before.atMs < windowMs;
    const counted = isFresh ? await countUp(cluster, before, { signal, now }) : undefined;
    if (counted !== undefined) return counted;
    const draft = draftOf(object, news, { component: options.component, now });
    const { metadata } = await cluster.create(events, draft, { signal });
    const key = { namespace: metadata.namespace, name: metadata.name ?? "" };
    return { key, count: 1, atMs: now.getTime() };
  }
  async function record(id: string, object: KubeObject, news: News): Promise<Told | undefined> {
    const before = await told.get(id);
    try {
      return await write(before, object, news);
    } catch (error) {
      options.onFailure?.(error, object, news);
      return before;
    }
  }
  return {
    async event(object, news) {
      const id = identityOf(object, news);
      const recording = record(id, object, news);
      told.delete(id);
      told.set(id, recording);
      const [oldest] = told.keys();
      if (told.size > mostRemembered && oldest !== undefined) told.delete(oldest);
      await recording;
    },
  };
}

/** undefined: the event is gone, as events are after an hour. */
async function countUp(
  cluster: Cluster,
  before: Told,
  { signal, now }: Waiting & { readonly now: Date },
): Promise<Told | undefined> {
  const count = before.count + 1;
  const merge = { count, lastTimestamp: formatTime(now) };
  const event: Event | undefined = await cluster.patch(events, before.key, { signal, merge });
  return event === undefined ? undefined : { key: before.key, count, atMs: now.getTime() };
}

function draftOf(
  object: KubeObject,
  news: News,
  { component, now }: { readonly component: string; readonly now: Date },
) {
  const { name = "", namespace, uid, resourceVersion } = object.metadata;
  const { apiVersion, kind } = object;
  // events of what lies in no namespace lie in this one
  const place = namespace ?? "default";
  return {
    metadata: { name: eventName(name), namespace: place },
    involvedObject: { apiVersion, kind, name, namespace, uid, resourceVersion },
    reason: news.reason,
    message: shortened(news.message),
    type: news.type,
    count: 1,
    firstTimestamp: formatTime(now),
    lastTimestamp: formatTime(now),
    source: { component },
    reportingComponent: component,
  };
}

/** As kubectl and others name them; a name takes 253 characters. */
function eventName(name: string): string {
  return `${name.slice(0, 253 - 17).replace(/[^a-z0-9]+$/, "")}.${randomBytes(8).toString("hex")}`;
}

function shortened(message: string): string {
  return message.length <= messageLength ? message : `${message.slice(0, messageLength - 3)}...`;
}

function identityOf({ kind, metadata }: KubeObject, { type, reason, message }: News): string {
  const what = JSON.stringify([kind, metadata.namespace, metadata.name, metadata.uid, type, reason, message]);
  return createHash("sha256").update(what).digest("base64");
}
