import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { at, isObject, type JsonObject, type JsonValue, textAt } from "../../../src/local/json.ts";
import type { ControlPlane } from "../../support/control-plane.ts";
import { eventually } from "../../support/eventually.ts";

/** One request, for both servers. */
export interface Step {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Query included. */
  readonly path: string;
  readonly contentType?: string;
  readonly accept?: string;
  /** No client should send it: that both refuse it, or neither does, is enough. */
  readonly isOdd?: boolean;
  /** Of the objects that this server has shown so far: both have their own uids and versions. */
  readonly body?: (known: Known) => JsonValue;
}

/** The last states of the object at a path that a server has shown, the newest first. */
export type Known = (path: string) => readonly JsonObject[];

export interface Answer {
  readonly status: number;
  readonly body: JsonValue;
  /** What was sent. */
  readonly sent: JsonValue | undefined;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: JsonObject;
}

/** One of the two servers, as its administrator. */
export interface Side extends AsyncDisposable {
  ask(step: Step): Promise<Answer>;
  readonly known: Known;
  /** Events from now on, as they come; ends with the side. */
  watch(path: string): Promise<readonly WatchEvent[]>;
}

export function openSide({ port, token, ca }: ControlPlane): Side {
  const agent = new Agent({ keepAlive: true });
  const states = new Map<string, readonly JsonObject[]>();
  const known: Known = (path) => states.get(path) ?? [];
  const streams: IncomingMessage[] = [];
  async function send(
    { method, path, contentType = "application/json", accept = "application/json" }: Step,
    sent?: JsonValue,
  ) {
    const text = sent === undefined ? "" : JSON.stringify(sent);
    const length = Buffer.byteLength(text);
    const type = length === 0 ? {} : { "content-type": contentType, "content-length": length };
    const headers = { authorization: `Bearer ${token}`, accept, ...type };
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { host: "127.0.0.1", port, ca, servername: "kubernetes", method, path, headers };
      request({ ...options, ...(path.includes("watch=") ? {} : { agent }) }, resolve)
        .on("error", reject)
        .end(text);
    });
  }
  return {
    known,
    async ask(step) {
      const sent = step.body?.(known);
      const incoming = await send(step, sent);
      const body = parsed(await textOf(incoming));
      const [place = ""] = step.path.split("?");
      const { statusCode: status = 0 } = incoming;
      const isShown = (step.accept ?? "application/json") === "application/json" && !step.path.includes("dryRun");
      if (status < 300 && isShown) for (const [path, state] of shownIn(place, body)) remember(states, path, state);
      return { status, body, sent };
    },
    async watch(path) {
      const events: WatchEvent[] = [];
      // a new kind is not watched at once
      const incoming = await eventually("a watch", async () => {
        const answer = await send({ method: "GET", path });
        if (answer.statusCode === 200) return answer;
        answer.destroy();
        return undefined;
      });
      streams.push(incoming);
      let rest = "";
      incoming.on("error", () => undefined);
      incoming.on("data", (bytes: Buffer) => {
        const lines = (rest + bytes.toString("utf8")).split("\n");
        rest = lines.pop() ?? "";
        events.push(...lines.map((line): WatchEvent => JSON.parse(line)));
      });
      return events;
    },
    async [Symbol.asyncDispose]() {
      for (const stream of streams) stream.destroy();
      agent.destroy();
    },
  };
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Objects of an answer by the paths that they have. */
function shownIn(path: string, body: JsonValue): readonly (readonly [string, JsonObject])[] {
  if (!isObject(body) || textAt(body, "kind") === "Status") return [];
  const items = at(body, "items");
  if (Array.isArray(items)) {
    return items.filter(isObject).map((each) => [`${path}/${textAt(each, "metadata", "name")}`, each] as const);
  }
  const name = textAt(body, "metadata", "name");
  const one = path.replace(/\/status$/, "");
  return [[one.endsWith(`/${name}`) ? one : `${one}/${name}`, body]];
}

function remember(states: Map<string, readonly JsonObject[]>, path: string, state: JsonObject): void {
  const before = states.get(path) ?? [];
  const isNew = textAt(before[0], "metadata", "resourceVersion") !== textAt(state, "metadata", "resourceVersion");
  if (isNew) states.set(path, [state, ...before].slice(0, 3));
}
