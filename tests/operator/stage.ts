import type { BackupSession, BackupTargetStatus } from "../../src/api/backup-session.ts";
import { reportKey, type SessionReport } from "../../src/api/session-report.ts";
import { configMaps, type Job, jobs, type Pod, persistentVolumeClaims, pods, roles } from "../../src/kube/core.ts";
import { keyOf, resourceOf } from "../../src/kube/resource.ts";
import { updateStatus } from "../../src/kube/update.ts";
import { eventually } from "../support/eventually.ts";
import type { Desk } from "./desk.ts";
import { backupConfiguration, fixture } from "./documents.ts";

/** Sessions without nodes: the test says what becomes of pods, and Kubernetes' own controllers draw the conclusions. */

const waiting = { signal: new AbortController().signal };
const sessions = resourceOf("BackupSession");

export { allControllers as sessionControllers } from "../../src/operator/operator.ts";

export const configurationName = "sample-nats-backup";

/** A namespace with a BackupConfiguration that is Ready and that no schedule disturbs. */
export async function openStage(desk: Desk, spec: object = {}): Promise<Stage> {
  const namespace = await desk.namespace();
  await desk.apply(...fixture(namespace), backupConfiguration({ namespace }, { schedule: "0 0 1 1 *", ...spec }));
  await desk.until(
    "BackupConfiguration",
    { namespace, name: configurationName },
    ({ status }) => status?.phase === "Ready",
  );
  return stageIn(desk, namespace);
}

export interface Stage {
  readonly namespace: string;
  begin(name: string, changes?: { readonly invoker?: string; readonly retryLeft?: number }): Promise<void>;
  session(name: string): Promise<BackupSession | undefined>;
  sessions(): Promise<readonly BackupSession[]>;
  until(name: string, test: (session: BackupSession) => boolean): Promise<BackupSession>;
  ends(name: string, phase: string): Promise<BackupSession>;
  /** The Job's pod, once there is one. */
  pod(session: string): Promise<Pod>;
  patchPod(pod: Pod, status: object): Promise<void>;
  /** Says what update-status would say. */
  report(session: string, target?: Partial<BackupTargetStatus>, report?: SessionReport): Promise<void>;
  /** All that a good session needs of its Job. */
  succeed(session: string, report?: SessionReport): Promise<void>;
  jobs(): Promise<readonly Job[]>;
  /** What is there besides sessions and their Jobs. */
  leftovers(): Promise<readonly string[]>;
}

export function stageIn(desk: Desk, namespace: string): Stage {
  const { cluster, plane } = desk;
  const stage: Stage = {
    namespace,
    async begin(name, { invoker = configurationName, retryLeft } = {}) {
      const spec = {
        invoker: { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: invoker },
        retryLeft,
      };
      await cluster.create(sessions, { metadata: { namespace, name }, spec }, waiting);
    },
    session: async (name) => await cluster.get(sessions, { namespace, name }, waiting),
    sessions: async () => (await cluster.list(sessions, { namespace }, waiting)).items,
    until: async (name, test) => await desk.until("BackupSession", { namespace, name }, test),
    ends: async (name, phase) => {
      const ended = await stage.until(name, ({ status }) => status?.sessionDuration !== undefined);
      if (ended.status?.phase !== phase) throw new Error(`ended ${JSON.stringify(ended.status, undefined, 1)}`);
      return ended;
    },
    async pod(session) {
      return await eventually(`the pod of ${session}`, async () => {
        const { items } = await cluster.list(pods, { namespace }, waiting);
        return items.find(({ metadata }) => metadata.name?.startsWith(`stash-backup-${session}-0-`));
      });
    },
    async patchPod({ metadata }, status) {
      await plane.request({
        method: "PATCH",
        path: `/api/v1/namespaces/${namespace}/pods/${metadata.name}/status`,
        contentType: "application/merge-patch+json",
        body: { status },
      });
    },
    async report(name, target = {}, report = {}) {
      const stats: NonNullable<BackupTargetStatus["stats"]> = [
        { hostname: "host-0", phase: "Succeeded", duration: "1s" },
      ];
      await updateStatus(
        cluster,
        sessions,
        { namespace, name },
        ({ status }) => ({ ...status, targets: [{ ...status?.targets?.[0], stats, ...target }] }),
        waiting,
      );
      const data = { [reportKey]: JSON.stringify(report) };
      await cluster.patch(configMaps, { namespace, name: `stash-backup-${name}-0` }, { ...waiting, merge: { data } });
    },
    async succeed(name, report) {
      const pod = await stage.pod(name);
      await stage.report(name, {}, report);
      await stage.patchPod(pod, { phase: "Succeeded" });
    },
    jobs: async () => (await cluster.list(jobs, { namespace }, waiting)).items,
    async leftovers() {
      const claims = await cluster.list(persistentVolumeClaims, { namespace }, waiting);
      const rights = await cluster.list(roles, { namespace }, waiting);
      const all = [
        ...claims.items,
        ...rights.items.filter(({ metadata }) => metadata.name?.startsWith("stash-backup-")),
      ];
      return all.map((each) => `${each.kind} ${keyOf(each).name}`);
    },
  };
  return stage;
}

export const waitingFor = (reason: string, message = "") => ({
  name: "nats-backup-2-6-1-0",
  state: { waiting: { reason, message } },
});
export const endedWith = (exitCode: number, reason = "Error") => ({
  name: "nats-backup-2-6-1-0",
  image: "x",
  imageID: "x",
  ready: false,
  restartCount: 0,
  state: { terminated: { exitCode, reason } },
});
