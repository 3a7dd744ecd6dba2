import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import type { BackupSession } from "../../api/backup-session.ts";
import { statusOf } from "../../api/condition.ts";
import { labels } from "../../api/labels.ts";
import type { TargetRef } from "../../api/references.ts";
import { Failure } from "../../kit/failures.ts";
import type { Waiting } from "../../kube/cluster.ts";
import { resourceOf } from "../../kube/resource.ts";
import type { Caches, World } from "../controller.ts";
import { readExecutor } from "../session/offshoots.ts";
import { find } from "../session/preparation.ts";
import { createdAt } from "../session/times.ts";
import { targetOf } from "../task/target.ts";
import { type BackupSessionView, hasBegun, type InvokerView, type Rival } from "./decide.ts";
import { jobNameOf, type Means } from "./means.ts";
import { isFinal } from "./phase.ts";

const backupConfigurations = resourceOf("BackupConfiguration");

/** All but the rivals: they are looked at in the moment of the decision, see `rivalsOf`. */
export async function readView(
  means: Means,
  session: BackupSession,
  waiting: Waiting,
): Promise<Omit<BackupSessionView, "rivals">> {
  const { world } = means;
  const isEnsured = statusOf(session.status?.targets?.[0]?.conditions, "BackupExecutorEnsured") === "True";
  const isRunning = isEnsured && !isFinal(session.status?.phase);
  const [invoker, executor] = await Promise.all([
    readInvoker(world, session, waiting),
    isRunning ? readExecutor(means, { session, jobName: jobNameOf(session) }, waiting) : undefined,
  ]);
  return { session, invoker, executor, now: world.clock() };
}

async function readInvoker(world: World, { metadata, spec }: BackupSession, waiting: Waiting): Promise<InvokerView> {
  const { kind, name } = spec.invoker;
  if (kind !== "BackupConfiguration") return { state: "unsupported", kind };
  const key = { namespace: metadata.namespace, name };
  const place = { cache: world.caches.backupConfigurations, resource: backupConfigurations, key };
  const configuration = await find(world, place, waiting);
  return configuration === undefined ? { state: "gone", name } : { state: "found", configuration };
}

/**
 * Who else wants the same invoker or target. Looked at without a pause before the decision: of two sessions that are
 * looked at side by side, one sees that the other has begun.
 */
export function rivalsOf({ world: { caches, clock }, memory }: Means, session: BackupSession): readonly Rival[] {
  const { uid } = session.metadata;
  if (isFinal(session.status?.phase)) return [];
  const target = targetTextOf(session, caches);
  return caches.backupSessions
    .list(({ metadata, status }) => metadata.uid !== uid && !isFinal(status?.phase))
    .map((other) => memory.newest(other))
    .filter(({ metadata, status }) => !isFinal(status?.phase) && metadata.deletionTimestamp == null)
    .flatMap((other) => {
      const isSameInvoker = isOfSameInvoker(session, other);
      if (!isSameInvoker && (target === undefined || targetTextOf(other, caches) !== target)) return [];
      const { namespace = "", name = "" } = other.metadata;
      const isBegun = memory.isClaimed(other) || hasBegun(other.status ?? {});
      return [{ namespace, name, created: createdAt(other.metadata, clock()), isSameInvoker, isBegun }];
    });
}

export function isOfSameInvoker(one: BackupSession, other: BackupSession): boolean {
  const { kind, name } = one.spec.invoker;
  const theirs = other.spec.invoker;
  return one.metadata.namespace === other.metadata.namespace && kind === theirs.kind && name === theirs.name;
}

/** `kind/namespace/name` of what a session backs up: as its invoker says, else as it was written when it began. */
function targetTextOf({ metadata, spec, status }: BackupSession, caches: Caches): string | undefined {
  const { namespace = "" } = metadata;
  const invoker = caches.backupConfigurations.get({ namespace, name: spec.invoker.name });
  const ref = targetRefOf(invoker) ?? status?.targets?.[0]?.ref ?? labelledTarget(metadata.labels ?? {});
  if (ref?.name === undefined) return undefined;
  return `${ref.kind ?? ""}/${ref.namespace === undefined || ref.namespace === "" ? namespace : ref.namespace}/${ref.name}`;
}

function labelledTarget(all: Readonly<Record<string, string>>): TargetRef | undefined {
  const name = all[labels.targetName];
  return name === undefined
    ? undefined
    : { kind: all[labels.targetKind] ?? "", name, namespace: all[labels.targetNamespace] ?? "" };
}

/** With all that may be left out filled in: programs compare it. What names no target is given as it is. */
export function targetRefOf(invoker: BackupConfiguration | undefined): TargetRef | undefined {
  if (invoker === undefined) return undefined;
  try {
    return { ...targetOf(invoker) };
  } catch (error) {
    if (!Failure.is(error)) throw error;
    return invoker.spec.target?.ref;
  }
}
