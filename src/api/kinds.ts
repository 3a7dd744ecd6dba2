/** The kinds and how an API server shows them: names, groups and columns are Stash's, so `kubectl get` looks the same. */

export interface Column {
  readonly name: string;
  readonly type: "string" | "boolean" | "integer" | "date";
  readonly format?: "date-time";
  readonly jsonPath: string;
}

export interface KindEntry {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  /** Whether the status is written through a subresource of its own. Without one it is part of the object. */
  readonly statusSubresource: boolean;
  readonly columns: readonly Column[];
}

export const groups = {
  stash: "stash.appscode.com",
  catalog: "appcatalog.appscode.com",
  repositories: "repositories.stash.appscode.com",
} as const;

const stash = ["stash", "appscode"] as const;
const stashAll = ["stash", "appscode", "all"] as const;

const age: Column = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };
const phase = text("Phase", ".status.phase");
const schedule = text("Schedule", ".spec.schedule");
const task = text("Task", ".spec.task.name");
const paused: Column = { name: "Paused", type: "boolean", jsonPath: ".spec.paused" };
const repository = text("Repository", ".spec.repository.name");
const duration = text("Duration", ".status.sessionDuration");

function text(name: string, jsonPath: string): Column {
  return { name, type: "string", jsonPath };
}

const namespaced = {
  group: groups.stash,
  version: "v1beta1",
  shortNames: [],
  categories: stashAll,
  scope: "Namespaced",
  statusSubresource: true,
} as const;
const cluster = { ...namespaced, categories: stash, scope: "Cluster", statusSubresource: false } as const;

export const kinds = {
  Repository: {
    ...namespaced,
    version: "v1alpha1",
    plural: "repositories",
    shortNames: ["repo"],
    categories: stash,
    columns: [
      { name: "Integrity", type: "boolean", jsonPath: ".status.integrity" },
      text("Size", ".status.totalSize"),
      { name: "Snapshot-Count", type: "integer", jsonPath: ".status.snapshotCount" },
      { name: "Last-Successful-Backup", type: "date", format: "date-time", jsonPath: ".status.lastBackupTime" },
      age,
    ],
  },
  BackupConfiguration: {
    ...namespaced,
    plural: "backupconfigurations",
    shortNames: ["bc"],
    columns: [task, schedule, paused, phase, age],
  },
  BackupSession: {
    ...namespaced,
    plural: "backupsessions",
    columns: [
      text("Invoker-Type", ".spec.invoker.kind"),
      text("Invoker-Name", ".spec.invoker.name"),
      phase,
      duration,
      age,
    ],
  },
  RestoreSession: {
    ...namespaced,
    plural: "restoresessions",
    shortNames: ["restore"],
    columns: [repository, phase, duration, age],
  },
  BackupBatch: { ...namespaced, plural: "backupbatches", columns: [schedule, paused, phase, age] },
  RestoreBatch: { ...namespaced, plural: "restorebatches", columns: [repository, phase, duration, age] },
  Task: { ...cluster, plural: "tasks", shortNames: ["task"], columns: [age] },
  Function: { ...cluster, plural: "functions", shortNames: ["fn"], columns: [age] },
  BackupBlueprint: { ...cluster, plural: "backupblueprints", shortNames: ["bb"], columns: [task, schedule, age] },
  AppBinding: {
    ...namespaced,
    group: groups.catalog,
    version: "v1alpha1",
    plural: "appbindings",
    shortNames: ["appbinding"],
    categories: ["catalog", "appscode", "all"],
    statusSubresource: false,
    columns: [text("Type", ".spec.type"), text("Version", ".spec.version"), age],
  },
  // In Stash an aggregated API; its table is kept. Written whole by the operator, so without a status subresource.
  Snapshot: {
    ...namespaced,
    group: groups.repositories,
    version: "v1alpha1",
    plural: "snapshots",
    categories: ["storage", "appscode", "all"],
    statusSubresource: false,
    columns: [
      text("ID", ".status.id"),
      text("Repository", ".status.repository"),
      text("Hostname", ".status.hostname"),
      text("Created At", ".status.time"),
    ],
  },
} as const satisfies Record<string, KindEntry>;

export type Kind = keyof typeof kinds;

/** `stash.appscode.com/v1beta1` for a BackupConfiguration. */
export function apiVersionOf<K extends Kind>(kind: K): `${(typeof kinds)[K]["group"]}/${(typeof kinds)[K]["version"]}` {
  return `${kinds[kind].group}/${kinds[kind].version}`;
}

export function isKind(name: unknown): name is Kind {
  return typeof name === "string" && Object.hasOwn(kinds, name);
}
