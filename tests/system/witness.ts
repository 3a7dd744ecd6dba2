import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { BackupSession } from "../../src/api/backup-session.ts";
import { triggerAccountName } from "../../src/api/names.ts";
import type { RestoreSession } from "../../src/api/restore-session.ts";
import {
  configMaps,
  cronJobs,
  jobs,
  persistentVolumeClaims,
  pods,
  roleBindings,
  roles,
  serviceAccounts,
} from "../../src/kube/core.ts";
import { type Change, follow } from "../../src/kube/follow.ts";
import { type KubeObject, resourceOf } from "../../src/kube/resource.ts";
import { listSnapshots } from "../../src/vault/catalog.ts";
import type { Desk } from "../operator/desk.ts";
import { eventually } from "../support/eventually.ts";
import type { Plot, SessionName } from "./plot.ts";

/**
 * Sees all that becomes of sessions, from beside the operator, and says what must not be: two Jobs of a session, a second
 * end, a wrong end, something left over, a success without a snapshot.
 */
export interface Witness extends AsyncDisposable {
  /** After so many more changes of sessions, Jobs and pods; or when none comes for a while. */
  changes(count: number): Promise<void>;
  ended(session: SessionName): Promise<EndedSession>;
  /** What is wrong about a session that ended. */
  complaints(plot: Plot, ended: EndedSession): Promise<readonly string[]>;
  /** What is wrong about a plot none of whose sessions runs. */
  leftovers(plot: Plot): Promise<readonly string[]>;
  /** What has become wrong since with any session there was. */
  afterthoughts(): readonly string[];
}

export interface EndedSession extends SessionName {
  readonly uid: string;
  readonly phase: string;
  /** What its status says, for people. */
  readonly status: unknown;
  /** restic's id; of backups that succeeded. */
  readonly snapshot: string | undefined;
  readonly error: string | undefined;
}

const running = { signal: new AbortController().signal };
const quietMs = 5000;

/** What was seen of a session, by its uid. */
interface Sighting {
  readonly jobs: Set<string>;
  readonly ends: string[];
}

export async function openWitness(desk: Desk): Promise<Witness> {
  const { cluster } = desk;
  const stop = new AbortController();
  const sightings = new Map<string, Sighting>();
  /** Of every Job, by its uid. */
  const podsOf = new Map<string, Set<string>>();
  let seen = 0;
  const sightingOf = (uid: string) => {
    const known = sightings.get(uid) ?? { jobs: new Set(), ends: [] };
    sightings.set(uid, known);
    return known;
  };
  function sawJob({ after }: Change<KubeObject>): void {
    seen += 1;
    const owner = after?.metadata.ownerReferences?.find(({ kind }) => kind.endsWith("Session"));
    if (owner !== undefined) sightingOf(owner.uid).jobs.add(after?.metadata.uid ?? "");
  }
  function sawPod({ after }: Change<KubeObject>): void {
    seen += 1;
    const job = after?.metadata.ownerReferences?.[0]?.uid;
    if (job !== undefined) podsOf.set(job, (podsOf.get(job) ?? new Set()).add(after?.metadata.uid ?? ""));
  }
  function sawSession({ after }: Change<BackupSession | RestoreSession>): void {
    seen += 1;
    if (after === undefined) return;
    const { ends } = sightingOf(after.metadata.uid ?? "");
    const { phase = "none", sessionDuration } = after.status ?? {};
    const now = sessionDuration === undefined ? "unfinished" : `${phase} after ${sessionDuration}`;
    if (ends.length === 0 ? now !== "unfinished" : ends.at(-1) !== now) ends.push(now);
  }
  const { signal } = stop;
  const followed = [
    follow(cluster, jobs, {}, { signal, onChange: sawJob }),
    follow(cluster, pods, {}, { signal, onChange: sawPod }),
    follow(cluster, resourceOf("BackupSession"), {}, { signal, onChange: sawSession }),
    follow(cluster, resourceOf("RestoreSession"), {}, { signal, onChange: sawSession }),
  ] as const;
  await Promise.all(followed.map(({ ready }) => ready));
  return {
    async changes(count) {
      const wanted = seen + count;
      for (let [last, since] = [seen, performance.now()]; seen < wanted; await sleep(5)) {
        if (seen !== last) [last, since] = [seen, performance.now()];
        if (performance.now() - since > quietMs) return;
      }
    },
    ended: async (session) => await endOf(desk, session),
    async complaints(plot, ended) {
      const { uid, kind, name, phase, status } = ended;
      const sighting = sightingOf(uid);
      // its own view comes by a watch, a moment later
      await eventually(`the witness sees the end of ${name}`, async () => sighting.ends.length > 0);
      const pods = [...sighting.jobs].flatMap((job) => [...(podsOf.get(job) ?? [])]);
      const about = `${kind} ${plot.namespace}/${name}`;
      const wrong = [
        ...(sighting.jobs.size === 1 ? [] : [`has had ${sighting.jobs.size} Jobs`]),
        ...(pods.length <= 1 ? [] : [`has had ${pods.length} pods`]),
        ...(sighting.ends.length === 1 ? [] : [`ended as ${sighting.ends.join(", then ")}`]),
        ...(phase === "Succeeded" ? await falseSuccess(plot, ended) : []),
        ...(phase === "Failed" && (ended.error ?? "") === "" ? ["failed without a reason"] : []),
      ];
      return wrong.map((what) => `${about} ${what}: ${JSON.stringify(status)}`);
    },
    leftovers: async (plot) => await settledLeftovers(desk, plot),
    afterthoughts: () =>
      [...sightings].flatMap(([uid, { jobs, ends }]) =>
        jobs.size <= 1 && ends.length <= 1 ? [] : [`session ${uid}: ${jobs.size} Jobs, ended ${ends.join(", then ")}`],
      ),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(followed.map(({ stopped }) => stopped));
    },
  };
}

const Ended = z.looseObject({
  metadata: z.looseObject({ uid: z.string() }),
  status: z.looseObject({ phase: z.string(), sessionDuration: z.string() }),
});
const Told = z.looseObject({
  error: z.string().optional(),
  snapshots: z.array(z.looseObject({ name: z.string() })).optional(),
});

async function endOf({ cluster }: Desk, session: SessionName): Promise<EndedSession> {
  let last: unknown;
  const { metadata, status } = await eventually(
    `the end of ${session.kind} ${session.name}`,
    async () => {
      last = await cluster.get(resourceOf(session.kind), session, running).catch(() => undefined);
      return Ended.safeParse(last).data;
    },
    { timeoutMs: 180_000 },
  ).catch((error: unknown) => {
    throw new Error(`${session.kind} ${session.namespace}/${session.name} was at last ${JSON.stringify(last)}`, {
      cause: error,
    });
  });
  const { phase } = status;
  const backup = z
    .looseObject({ targets: z.array(z.looseObject({ stats: z.array(Told).optional() })) })
    .safeParse(status).data;
  const restore = z.looseObject({ stats: z.array(Told) }).safeParse(status).data;
  const told = [...(backup?.targets.flatMap(({ stats = [] }) => stats) ?? []), ...(restore?.stats ?? [])];
  return {
    ...{ ...session, uid: metadata.uid, phase, status },
    snapshot: told[0]?.snapshots?.[0]?.name,
    error: told[0]?.error,
  };
}

async function falseSuccess(plot: Plot, { kind, snapshot }: EndedSession): Promise<readonly string[]> {
  if (kind === "RestoreSession") {
    return isDeepStrictEqual(await plot.look(), plot.original) ? [] : ["did not bring the stream back"];
  }
  const published = await listSnapshots(plot.repository, { all: true }, running);
  const own = published.find(({ id, shortId }) => snapshot !== undefined && (id === snapshot || shortId === snapshot));
  if (own === undefined) return [`has no snapshot (${snapshot}) in the repository`];
  return own.complete ? [] : ["has a snapshot that is not complete"];
}

/** The garbage collector and the controllers of Kubernetes take their time, above all after an API server's restart. */
async function settledLeftovers(desk: Desk, plot: Plot): Promise<readonly string[]> {
  let last: readonly string[] = [];
  const look = async () => {
    last = await leftoversIn(desk, plot.namespace);
    return last.length === 0;
  };
  await eventually("nothing left over", look, { timeoutMs: 150_000 }).catch(() => undefined);
  return last;
}

/** Of Kubernetes itself, and of the test. */
const given = ["ConfigMap kube-root-ca.crt", "ServiceAccount default"];

async function leftoversIn({ cluster }: Desk, namespace: string): Promise<readonly string[]> {
  const all = async (kinds: readonly Parameters<typeof cluster.list>[0][]) =>
    (await Promise.all(kinds.map((kind) => cluster.list(kind, { namespace }, running)))).flatMap(({ items }) => items);
  const sessions = await all([resourceOf("BackupSession"), resourceOf("RestoreSession")]);
  const invokers = await all([resourceOf("BackupConfiguration"), resourceOf("Repository")]);
  const made = await all([
    jobs,
    pods,
    cronJobs,
    persistentVolumeClaims,
    configMaps,
    roles,
    roleBindings,
    serviceAccounts,
  ]);
  const alive = new Set([...sessions, ...invokers, ...made].map(({ metadata }) => metadata.uid));
  const ended = new Set(sessions.filter(isEnded).map(({ metadata }) => metadata.uid));
  // the account of a namespace's CronJobs has no owner: it stays while there is a BackupConfiguration
  const isTriggered = invokers.some(({ kind }) => kind === "BackupConfiguration");
  return made.flatMap((each) => {
    const name = `${each.kind} ${each.metadata.name}`;
    const owners = (each.metadata.ownerReferences ?? []).map(({ uid }) => uid);
    if (given.includes(name) || (isTriggered && each.metadata.name === triggerAccountName)) return [];
    if (!owners.some((uid) => alive.has(uid))) return [`${name} has no owner that lives`];
    // the rights of a restore's account are those of its invoker, which is the RestoreSession itself
    const isOfEnded = owners.some((uid) => ended.has(uid)) && !name.includes(" restoresession-");
    if (isOfEnded && ["PersistentVolumeClaim", "Role", "RoleBinding"].includes(each.kind ?? ""))
      return [`${name} outlived its session${goingSince(each)}`];
    return each.kind === "Pod" && !isOver(each) ? [`${name} still runs`] : [];
  });
}

function goingSince({ metadata: { deletionTimestamp, finalizers } }: KubeObject): string {
  return deletionTimestamp == null ? "" : ` (removed ${deletionTimestamp}, held by ${finalizers?.join()})`;
}

function isEnded(session: KubeObject): boolean {
  return Ended.safeParse(session).success;
}

function isOver(pod: KubeObject): boolean {
  return z.looseObject({ status: z.looseObject({ phase: z.enum(["Succeeded", "Failed"]) }) }).safeParse(pod).success;
}
