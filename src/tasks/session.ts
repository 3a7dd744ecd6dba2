import type { BackupSession, BackupTargetStatus } from "../api/backup-session.ts";
import type { ConditionNews } from "../api/condition.ts";
import { apiVersionOf } from "../api/kinds.ts";
import type { RestoreSession } from "../api/restore-session.ts";
import { type Key, resourceOf } from "../kube/resource.ts";
import { updateStatus } from "../kube/update.ts";
import { required, type TaskContext } from "./context.ts";
import {
  type FullRef,
  type TargetResult,
  targetIn,
  withBackupResult,
  withRestoreResult,
  withSessionCondition,
} from "./session-status.ts";

type HostBackup = NonNullable<BackupTargetStatus["stats"]>[number];
type HostRestore = NonNullable<NonNullable<RestoreSession["status"]>["stats"]>[number];
export type HostStats = HostBackup | HostRestore;

/** The session that a Job runs for, as far as its programs read and write it. */
export interface Session<Stats = HostStats> {
  readonly kind: "BackupSession" | "RestoreSession";
  readonly key: Key & { readonly namespace: string };
  /** What it was when it was read. */
  readonly created: Date;
  readonly conditions: readonly { readonly type: string; readonly status: string }[];
  readonly preActions: readonly string[];
  /** undefined: the session says nothing about them. */
  readonly postActions: readonly string[] | undefined;
  /** A condition of the whole session. */
  setCondition(news: ConditionNews): Promise<void>;
  /** A condition of the target. (A restore has one target, whose conditions are the session's.) */
  setTargetCondition(news: ConditionNews): Promise<void>;
  setResult(result: TargetResult<Stats>): Promise<void>;
}

export interface SessionPlace {
  readonly namespace: string;
  readonly name: string;
  readonly target: { readonly kind?: string; readonly name: string; readonly namespace: string };
}

type Asking = Pick<TaskContext, "cluster" | "signal" | "now">;

export async function openBackupSession(context: Asking, place: SessionPlace): Promise<Session<HostBackup>> {
  const { cluster, signal, now } = context;
  const resource = resourceOf("BackupSession");
  const key = { namespace: place.namespace, name: place.name };
  const where = { ref: fullRef(place), sessionNamespace: place.namespace };
  const { metadata, status } = await required(context, resource, key);
  const target = targetIn(status, where.ref, place.namespace);
  const write = async (change: (object: BackupSession) => BackupSession["status"]) => {
    await updateStatus(cluster, resource, key, change, { signal });
  };
  const setResult = (result: TargetResult<HostBackup>) =>
    write((object) => withBackupResult(object.status, where, { result, now: now() }));
  return {
    kind: "BackupSession",
    key,
    created: createdAt(metadata, now),
    conditions: status?.conditions ?? [],
    preActions: target?.preBackupActions ?? [],
    postActions: target?.postBackupActions,
    setCondition: (news) => write((object) => withSessionCondition(object.status, news, now())),
    setTargetCondition: (news) => setResult({ stats: [], conditions: [news] }),
    setResult,
  };
}

export async function openRestoreSession(context: Asking, place: SessionPlace): Promise<Session<HostRestore>> {
  const { cluster, signal, now } = context;
  const resource = resourceOf("RestoreSession");
  const key = { namespace: place.namespace, name: place.name };
  const { metadata, status } = await required(context, resource, key);
  const write = async (change: (object: RestoreSession) => RestoreSession["status"]) => {
    await updateStatus(cluster, resource, key, change, { signal });
  };
  const setCondition = (news: ConditionNews) => write((object) => withSessionCondition(object.status, news, now()));
  return {
    kind: "RestoreSession",
    key,
    created: createdAt(metadata, now),
    conditions: status?.conditions ?? [],
    preActions: [],
    postActions: [],
    setCondition,
    setTargetCondition: setCondition,
    setResult: (result) => write((object) => withRestoreResult(object.status, { result, now: now() })),
  };
}

function fullRef({ target: { kind, name, namespace } }: SessionPlace): FullRef {
  return { apiVersion: apiVersionOf("AppBinding"), kind: kind || "AppBinding", name, namespace };
}

function createdAt({ creationTimestamp }: BackupSession["metadata"], now: () => Date): Date {
  return creationTimestamp == null ? now() : new Date(creationTimestamp);
}
