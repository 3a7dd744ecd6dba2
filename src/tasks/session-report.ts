import { setTimeout as sleep } from "node:timers/promises";
import { answersKey, type HostState, reportKey, SessionAnswers, SessionReport } from "../api/session-report.ts";
import { type ConfigMap, configMaps } from "../kube/core.ts";
import type { Key } from "../kube/resource.ts";
import type { TaskContext } from "./context.ts";

/** The report of a session: what its Job tells the operator beyond the status, and asks it. */
export interface ReportChannel {
  /** Adds to what was told before. Does nothing where there is no report. */
  tell(news: SessionReport): Promise<void>;
  /** Asks which of these hosts are gone. Whatever is not answered in time is unknown. */
  ask(hosts: readonly string[]): Promise<ReadonlyMap<string, HostState>>;
}

export interface AskOptions {
  readonly patienceMs?: number;
  readonly pauseMs?: number;
}

type Asking = Pick<TaskContext, "cluster" | "signal" | "now" | "log">;

/** `key`: undefined where the session has no report (another operator's Job). */
export function openReport(
  { cluster, signal, now, log }: Asking,
  key: Key | undefined,
  { patienceMs = 20_000, pauseMs = 500 }: AskOptions = {},
): ReportChannel {
  async function write(place: Key, news: SessionReport, answers?: null): Promise<void> {
    const before = reportIn(await cluster.get(configMaps, place, { signal }));
    const { lockHosts, ...rest } = { ...before, ...news };
    const report = lockHosts === undefined || lockHosts.length === 0 ? rest : { ...rest, lockHosts };
    const data = { [reportKey]: JSON.stringify(report), ...(answers === undefined ? {} : { [answersKey]: answers }) };
    const found = await cluster.patch(configMaps, place, { signal, merge: { data } });
    if (found === undefined) log.warn({ report: place.name }, "the session has no report to write to");
  }

  async function waitForAnswers(place: Key, hosts: readonly string[]): Promise<ReadonlyMap<string, HostState>> {
    const end = now().getTime() + patienceMs;
    for (;;) {
      const answers = answersIn(await cluster.get(configMaps, place, { signal }));
      if (hosts.every((host) => answers.has(host)) || now().getTime() >= end) return answers;
      await sleep(pauseMs, undefined, { signal });
    }
  }

  return {
    async tell(news) {
      if (key !== undefined) await write(key, news);
    },
    async ask(hosts) {
      if (key === undefined || hosts.length === 0) return new Map();
      // older answers are about an earlier moment
      await write(key, { lockHosts: [...hosts] }, null);
      try {
        return await waitForAnswers(key, hosts);
      } finally {
        if (!signal.aborted) await write(key, { lockHosts: [] });
      }
    },
  };
}

function reportIn(object: ConfigMap | undefined): SessionReport {
  const parsed = SessionReport.safeParse(parse(object?.data?.[reportKey]));
  return parsed.success ? parsed.data : {};
}

function answersIn(object: ConfigMap | undefined): ReadonlyMap<string, HostState> {
  const parsed = SessionAnswers.safeParse(parse(object?.data?.[answersKey]));
  return new Map(parsed.success ? Object.entries(parsed.data.hosts) : []);
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
