import type { BackupConfiguration } from "../api/backup-configuration.ts";
import type { RestoreSession } from "../api/restore-session.ts";
import type { Log } from "../kit/log.ts";
import type { Waiting } from "../kube/cluster.ts";
import { keyOf, keyText } from "../kube/resource.ts";
import { pushJob, targetFacts } from "../metrics/labels.ts";
import { deleteGroup, pushMetrics } from "../metrics/push.ts";
import { hostSeries, repositorySeries, restoreSeries, sessionSeries, targetSeries } from "../metrics/series.ts";
import type { Series } from "../metrics/table.ts";
import type { Caches, World } from "./controller.ts";
import { endOf, invokerFacts, lastSuccess, newestEnded, sessionsByInvoker } from "./figures.ts";
import { repositoryOf } from "./repository/references.ts";

/** The leader's own Pushgateway lies beside it and may be empty: it is told again what the statuses say. */
export async function pushLastKnown({ caches, settings, log }: World, { signal }: Waiting): Promise<void> {
  const url = settings.operatorPushgatewayUrl;
  if (url === undefined) return;
  const groups = lastKnown(caches);
  for (const { job, series } of groups) {
    if (signal.aborted) return;
    const result = await pushMetrics({ url, job, series, method: "POST" }, { signal, timeoutMs: 2000 });
    if (result.pushed) continue;
    log.warn({ reason: result.reason }, "last known figures not pushed");
    return;
  }
  if (groups.length > 0) log.info({ groups: groups.length }, "last known figures pushed");
}

interface Group {
  readonly job: string;
  readonly series: readonly Series[];
}

export function lastKnown(caches: Caches): readonly Group[] {
  const sessions = sessionsByInvoker(caches.backupSessions.list());
  const backups = caches.backupConfigurations.list().map((one): Group => {
    const own = sessions.get(keyText(keyOf(one))) ?? [];
    return { job: pushJob(invokerFacts(one)), series: backupFigures(one, { caches, own }) };
  });
  const restores = caches.restoreSessions.list().map((one) => restoreGroup(one, caches));
  return [...backups, ...restores].filter(({ series }) => series.length > 0);
}

function backupFigures(
  configuration: BackupConfiguration,
  { caches, own }: { readonly caches: Caches; readonly own: Parameters<typeof newestEnded>[0] },
): readonly Series[] {
  const session = newestEnded(own);
  if (session === undefined) return [];
  const invoker = invokerFacts(configuration);
  const ended = endOf(session) ?? new Date(session.metadata.creationTimestamp ?? 0);
  const facts = { invoker, lastSuccess: lastSuccess(own) };
  const key = repositoryOf(configuration);
  const repository = key === undefined ? undefined : caches.repositories.get(key);
  return [
    ...sessionSeries(session, facts),
    ...(session.status?.targets ?? []).flatMap((target) => {
      const appBinding = bindingOf(target.ref, configuration, caches);
      const about = { ...facts, ended, target: targetFacts(target.ref, appBinding) };
      return [...targetSeries(target, about), ...(target.stats ?? []).flatMap((host) => hostSeries(host, about))];
    }),
    ...(repository === undefined ? [] : repositorySeries(repository, invoker)),
  ];
}

function restoreGroup(session: RestoreSession, caches: Caches): Group {
  const invoker = invokerFacts(session);
  const ref = session.spec.target?.ref;
  const target = targetFacts(ref, bindingOf(ref, session, caches));
  return { job: pushJob(invoker), series: restoreSeries(session, { invoker, target }) };
}

type Ref = NonNullable<BackupConfiguration["spec"]["target"]>["ref"];

function bindingOf(ref: Ref, { metadata }: BackupConfiguration | RestoreSession, { appBindings }: Caches) {
  const { name = "", namespace = "" } = ref ?? {};
  return appBindings.get({ name, namespace: namespace === "" ? metadata.namespace : namespace });
}

/** Figures of what is gone would go on saying what once was. */
export function forgetFigures(
  { settings, log }: { readonly settings: World["settings"]; readonly log: Log },
  invoker: Parameters<typeof pushJob>[0],
  { signal }: Waiting,
): Promise<void> {
  const url = settings.operatorPushgatewayUrl;
  if (url === undefined) return Promise.resolve();
  const job = pushJob(invoker);
  const deleted = deleteGroup({ url, job }, { signal, timeoutMs: 2000 });
  return deleted.then((result) => {
    if (!result.deleted) log.warn({ job, reason: result.reason }, "figures not deleted");
  });
}
