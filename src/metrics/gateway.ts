import { readFile, rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../kit/log.ts";
import { writeWhole } from "../kit/whole-file.ts";
import { expositionType } from "./exposition.ts";
import { Figures, type GroupLabels, Groups } from "./gateway-groups.ts";
import { groupOf } from "./gateway-path.ts";
import { readText } from "./gateway-text.ts";
import { type Answer, type Asked, serve } from "./server.ts";

export interface GatewayOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** What was pushed outlives the process here. */
  readonly file: string;
  readonly log: Log;
  readonly clock?: () => Date;
}

export interface Gateway extends AsyncDisposable {
  readonly port: number;
}

/** So long after a push the file has it at the latest, unless the disk is full. */
const writeAfterMs = 500;

/**
 * What of a Pushgateway our pushes and Prometheus' scrapes need: groups, the text format, `push_time_seconds`. No page for
 * people, no protobuf, no metrics of itself.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { host, port, file, log, clock = () => new Date() } = options;
  const groups = new Groups(clock, await readFigures(file, log));
  const keeper = keep(groups, { file, log });
  const answer = async (asked: Asked) => await answerTo(asked, { groups, changed: keeper.changed });
  const server = await serve({ host, port, what: "the Pushgateway", answer });
  return {
    port: server.port,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await keeper.end();
    },
  };
}

interface Place {
  readonly groups: Groups;
  readonly changed: () => void;
}

async function answerTo(asked: Asked, place: Place): Promise<Answer> {
  const { method, path } = asked;
  const labels = groupOf(path);
  if (typeof labels === "string") return refused(labels);
  if (labels !== undefined) return await changeGroup(asked, labels, place);
  if (method !== "GET" && method !== "HEAD")
    return { status: 405, text: "only GET here; pushes go to /metrics/job/NAME\n" };
  switch (path) {
    case "/metrics":
      return { status: 200, text: place.groups.text(), type: expositionType };
    case "/-/healthy":
    case "/-/ready":
      return { status: 200, text: "OK" };
    default:
      return { status: 404, text: "there is /metrics, /metrics/job/NAME, /-/healthy and /-/ready\n" };
  }
}

async function changeGroup(asked: Asked, labels: GroupLabels, { groups, changed }: Place): Promise<Answer> {
  switch (asked.method) {
    case "DELETE":
      groups.delete(labels);
      changed();
      return { status: 202, text: "" };
    case "POST":
    case "PUT": {
      const wrong = await push(asked, labels, groups);
      changed();
      return wrong ?? { status: 200, text: "" };
    }
    default:
      return { status: 405, text: "PUT, POST or DELETE a group; /metrics shows all\n" };
  }
}

async function push(asked: Asked, labels: GroupLabels, groups: Groups): Promise<Answer | undefined> {
  const unread = whyNotRead(asked);
  if (unread !== undefined) return { status: 415, text: `${unread}\n` };
  const text = await asked.body();
  if (text === undefined) return { status: 413, text: "a push may have 4 MiB\n" };
  const read = readText(text);
  if ("refused" in read) return refused(read.refused);
  const wrong = groups.push(labels, { families: read.families, replace: asked.method === "PUT" ? "all" : "names" });
  return wrong === undefined ? undefined : refused(wrong);
}

function whyNotRead({ headers }: Asked): string | undefined {
  const { "content-encoding": encoding = "identity", "content-type": type = "" } = headers;
  if (encoding !== "identity") return `the text must come as it is, not as ${encoding}`;
  return type.includes("protobuf") ? "only the text format is understood, not protobuf" : undefined;
}

function refused(reason: string): Answer {
  return { status: 400, text: `${reason}\n` };
}

/** What cannot be read is put aside: figures come again with the next backups. */
async function readFigures(file: string, log: Log): Promise<Figures | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return Figures.parse(JSON.parse(text));
  } catch (error) {
    log.warn({ file, error }, "figures cannot be read; they begin anew");
    await rename(file, `${file}.unreadable`).catch(() => undefined);
    return undefined;
  }
}

interface Keeper {
  readonly changed: () => void;
  /** Resolves when all that was pushed is in the file. */
  readonly end: () => Promise<void>;
}

function keep(groups: Groups, { file, log }: Pick<GatewayOptions, "file" | "log">): Keeper {
  const hurry = new AbortController();
  let [isDirty, writing] = [false, Promise.resolve()];
  const write = async () => {
    await sleep(writeAfterMs, undefined, { signal: hurry.signal, ref: false }).catch(() => undefined);
    isDirty = false;
    await writeWhole(file, JSON.stringify(groups.figures), { flush: true }).catch((error: unknown) => {
      log.warn({ file, error }, "writing the figures");
    });
  };
  return {
    changed() {
      if (isDirty) return;
      isDirty = true;
      writing = writing.then(write);
    },
    async end() {
      hurry.abort();
      await writing;
    },
  };
}
