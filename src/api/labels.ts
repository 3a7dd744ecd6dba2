import { groups } from "./kinds.ts";

/** Labels, annotations, finalizers and the fixed names within pods: Stash's, because users select and look by them. */

const prefix = groups.stash;

export const labels = {
  managedBy: "app.kubernetes.io/managed-by",
  component: "app.kubernetes.io/component",
  /** Kind and name of the BackupConfiguration (or batch) that a session is a run of. History and skipping go by them. */
  invokerType: `${prefix}/invoker-type`,
  invokerName: `${prefix}/invoker-name`,
  /** The target of a session. */
  targetKind: `${prefix}/target-kind`,
  targetName: `${prefix}/target-name`,
  targetNamespace: `${prefix}/target-namespace`,
  /** On trigger Jobs: "true" when the operator deletes them once they succeeded. */
  deleteJobOnCompletion: `${prefix}/delete-job-on-completion`,
  /** On Snapshots. */
  repository: "repository",
  hostname: "hostname",
} as const;

export const managedBy = prefix;
export const components = { backup: "stash-backup", restore: "stash-restore" } as const;

export const annotations = {
  /** Names of BackupBlueprints, with commas between: asks for backups of this AppBinding. */
  blueprint: `${prefix}/backup-blueprint`,
  /** Replaces the blueprint's schedule. */
  schedule: `${prefix}/schedule`,
  /** Before the name of a Task's param. */
  paramPrefix: `params.${prefix}/`,
  tag: `${prefix}/tag`,
} as const;

export const finalizers = {
  repository: "stash",
  /** Of BackupConfiguration, RestoreSession and the batches. */
  invoker: prefix,
} as const;

/** Names of volumes and where they are mounted. */
export const volumes = {
  scratch: { name: "stash-tmp-dir", path: "/stash-tmp" },
  interim: { name: "stash-interim-volume", path: "/stash-interim-volume" },
  local: { name: "stash-local" },
} as const;

/** Where the streams lie before they go into the repository: restic's path in Stash's snapshots. */
export const interimFolders = {
  withVolume: "/stash-interim-volume/data",
  withoutVolume: "/stash-tmp/stash-interim-volume/data",
} as const;

/** restic's host of a target without an alias. */
export const defaultHost = "host-0";
export const hookContainers = { before: "pre-task-hook", after: "post-task-hook" } as const;
export const outputFile = "output.json";

/** What a BackupSession's targets ask of the Job's steps. */
export const actions = {
  initialize: "InitializeBackendRepository",
  retention: "ApplyRetentionPolicy",
  integrity: "VerifyRepositoryIntegrity",
  metrics: "SendRepositoryMetrics",
} as const;

type Labels = Readonly<Record<string, string>>;

/** Labels of what is made for an invoker: its own, and whose it is. */
export function offshootLabels(invoker: Labels | null | undefined, component: keyof typeof components): Labels {
  return { ...invoker, [labels.managedBy]: managedBy, [labels.component]: components[component] };
}

export interface SessionOrigin {
  readonly invoker: { readonly kind: string; readonly name: string };
  readonly target: { readonly kind: string; readonly name: string; readonly namespace: string };
}

/** What a session has besides the offshoot labels. A label takes 63 characters; a longer name is left out, not cut. */
export function sessionLabels({ invoker, target }: SessionOrigin): Labels {
  const all = {
    [labels.invokerType]: invoker.kind,
    [labels.invokerName]: invoker.name,
    [labels.targetKind]: target.kind,
    [labels.targetName]: target.name,
    [labels.targetNamespace]: target.namespace,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value.length <= 63));
}
