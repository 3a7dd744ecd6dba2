import type { RestoreSession } from "../../api/restore-session.ts";
import type { SessionReport } from "../../api/session-report.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { configMaps } from "../../kube/core.ts";
import { keyOf } from "../../kube/resource.ts";
import { targetFacts } from "../../metrics/labels.ts";
import { restoreSeries } from "../../metrics/series.ts";
import { repositoryOf } from "../repository/references.ts";
import { takeBackRights } from "../repository/rights.ts";
import { attempt } from "../session/attempt.ts";
import { pushSession } from "../session/metrics.ts";
import { newsOf } from "../session/news.ts";
import { clearAway, stopJob } from "../session/offshoots.ts";
import { reportOf } from "../session/report.ts";
import { hostNews, streamNews } from "../session/telling.ts";
import { momentOf } from "../session/writing.ts";
import { jobNameOf, type Means, restoreSessions, write } from "./means.ts";
import { isFinal } from "./phase.ts";
import * as change from "./status.ts";
import { targetKeyOf } from "./view.ts";

const assumed = newsOf("MetricsPushed", "True", "");

/** The end of a restore whose result is known. Each step may be done again. Events come last, so that they are told once. */
export async function finish(means: Means, known: RestoreSession, { signal }: Waiting): Promise<void> {
  const { world } = means;
  const session = await world.cluster.get(restoreSessions, keyOf(known), { signal });
  if (session === undefined || session.metadata.uid !== known.metadata.uid) return;
  if (isFinal(session.status?.phase)) return;
  const jobName = jobNameOf(session);
  await stopJob(world, session, { jobName, signal });
  const key = { namespace: session.metadata.namespace, name: jobName };
  const report = reportOf(await world.cluster.get(configMaps, key, { signal }));
  const expected = change.finished(session.status ?? {}, assumed, momentOf(world, session));
  await attempt(world, { session, what: "clearing away", signal }, async () => {
    await clearAway(world, session, { jobName, hasFailed: expected?.phase === "Failed", signal });
    await giveBack(means, session, { signal });
  });
  const metrics = await push(means, session, { signal });
  const end = (status: NonNullable<RestoreSession["status"]>) =>
    change.finished(status, metrics, momentOf(world, session));
  const written = await write(means, { session }, end, { signal });
  if (written !== undefined) await tell(means, written, report);
}

/** What no owner holds: its rights in the namespace of a Repository. */
export async function giveBack({ world }: Means, session: RestoreSession, { signal }: Waiting): Promise<void> {
  const sure = repositoryOf(session)?.namespace;
  await takeBackRights(world, session, { signal, ...(sure === undefined ? {} : { sure }) });
}

async function push({ world }: Means, session: RestoreSession, waiting: Waiting) {
  const { kind, metadata, spec } = session;
  const { name = "", namespace = "" } = metadata;
  const invoker = { kind, name, namespace, repository: spec.repository?.name ?? "" };
  const key = targetKeyOf(session);
  const appBinding = key === undefined ? undefined : world.caches.appBindings.get(key);
  const target = targetFacts(spec.target?.ref, appBinding);
  const status = change.finished(session.status ?? {}, assumed, momentOf(world, session));
  const series = restoreSeries({ ...session, status }, { invoker, target });
  return await pushSession(world, { invoker, series }, waiting);
}

async function tell({ world, statusUpdater }: Means, session: RestoreSession, report: SessionReport): Promise<void> {
  const { stats = [], conditions = [] } = session.status ?? {};
  for (const news of hostNews("Restore", stats)) await statusUpdater.event(session, news);
  for (const news of streamNews("Restore", report.streams ?? [])) await world.recorder.event(session, news);
  const reasons: readonly (readonly [string, string, string])[] = [
    ["RestoreExecutorEnsured", "False", "Restore Job Failed"],
    ["DeadlineExceeded", "True", "Deadline Exceeded"],
  ];
  for (const [type, status, reason] of reasons) {
    const found = conditions.find((each) => each.type === type && each.status === status);
    if (found !== undefined)
      await world.recorder.event(session, { type: "Warning", reason, message: found.message ?? "" });
  }
}
