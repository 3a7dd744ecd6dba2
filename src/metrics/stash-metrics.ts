import { gauge } from "./entry.ts";

/** Labels of every series about one invoker. */
export const base = ["invoker_kind", "invoker_name", "namespace", "driver", "repository"] as const;
/** Of a target: for an AppBinding the two halves of its type, and its name. */
const target = [...base, "kind", "group", "name"] as const;
const host = [...target, "hostname"] as const;
/** `namespace` is the Repository's here. */
const repository = [...base, "name", "backend"] as const;
const place = ["bucket", "prefix"] as const;

/** Stash's series, under both of its names. Names and labels are users' dashboards: they stay. */
export const stashMetrics = {
  stash_appscode_com_backupsession_success: gauge("Whether the newest backup session succeeded: 1 or 0", base, {
    legacy: "stash_backup_session_success",
  }),
  stash_appscode_com_backupsession_duration_seconds: gauge("How long the newest backup session took", base, {
    legacy: "stash_backup_session_duration_seconds",
  }),
  stash_appscode_com_backupsession_target_count_total: gauge("Targets of the newest backup session", base, {
    legacy: "stash_backup_target_count_total",
  }),
  stash_appscode_com_backupsession_last_success_time_seconds: gauge(
    "When the newest successful backup session ended, in seconds since 1970",
    base,
    { legacy: "stash_backup_last_success_time_seconds" },
  ),
  stash_appscode_com_backupsession_target_success: gauge("Whether the target was backed up: 1 or 0", target, {
    legacy: "stash_backup_target_success",
  }),
  stash_appscode_com_backupsession_target_host_count_total: gauge("Hosts that the target is backed up as", target, {
    legacy: "stash_backup_target_host_count_total",
  }),
  stash_appscode_com_backupsession_target_last_success_time_seconds: gauge(
    "When the target was last backed up, in seconds since 1970",
    target,
    { legacy: "stash_backup_target_last_success_time_seconds" },
  ),
  stash_appscode_com_backupsession_host_backup_success: gauge("Whether the host was backed up: 1 or 0", host, {
    legacy: "stash_backup_host_backup_success",
  }),
  stash_appscode_com_backupsession_host_backup_duration_seconds: gauge("How long backing up the host took", host, {
    legacy: "stash_backup_host_backup_duration_seconds",
  }),
  stash_appscode_com_backupsession_host_data_size_bytes: gauge("Size of what was backed up", host, {
    legacy: "stash_backup_host_data_size_bytes",
  }),
  stash_appscode_com_backupsession_host_data_uploaded_bytes: gauge("What of it was new to the repository", host, {
    legacy: "stash_backup_host_data_uploaded_bytes",
  }),
  stash_appscode_com_backupsession_host_data_processing_time_seconds: gauge(
    "How long reading and storing the data took, in whole seconds",
    host,
    { legacy: "stash_backup_host_data_processing_time_seconds" },
  ),
  stash_appscode_com_backupsession_host_files_total: gauge("Files in the snapshot", host, {
    legacy: "stash_backup_host_files_total",
  }),
  stash_appscode_com_backupsession_host_files_new: gauge("Files that the snapshot before did not have", host, {
    legacy: "stash_backup_host_files_new",
  }),
  stash_appscode_com_backupsession_host_files_modified: gauge(
    "Files that have changed since the snapshot before",
    host,
    {
      legacy: "stash_backup_host_files_modified",
    },
  ),
  stash_appscode_com_backupsession_host_files_unmodified: gauge("Files as in the snapshot before", host, {
    legacy: "stash_backup_host_files_unmodified",
  }),
  stash_appscode_com_repository_integrity: gauge("Whether the last check found no damage: 1 or 0", repository, {
    optional: place,
    legacy: "stash_repository_integrity",
  }),
  stash_appscode_com_repository_size_bytes: gauge("Size of all data in the repository", repository, {
    optional: place,
    legacy: "stash_repository_size_bytes",
  }),
  stash_appscode_com_repository_snapshot_count: gauge("Snapshots in the repository", repository, {
    optional: place,
    legacy: "stash_repository_snapshot_count",
  }),
  stash_appscode_com_repository_snapshot_cleaned: gauge("Snapshots removed by the last clean-up", repository, {
    optional: place,
    legacy: "stash_repository_snapshot_cleaned",
  }),
  stash_appscode_com_restoresession_success: gauge("Whether the restore session succeeded: 1 or 0", base, {
    legacy: "stash_restore_session_success",
  }),
  stash_appscode_com_restoresession_duration_seconds: gauge("How long the restore session took", base, {
    legacy: "stash_restore_session_duration_seconds",
  }),
  stash_appscode_com_restoresession_target_count_total: gauge("Targets of the restore session", base, {
    legacy: "stash_restore_target_count_total",
  }),
  stash_appscode_com_restoresession_target_success: gauge("Whether the target was restored: 1 or 0", target, {
    legacy: "stash_restore_target_success",
  }),
  stash_appscode_com_restoresession_target_host_count_total: gauge("Hosts that the target is restored as", target, {
    legacy: "stash_restore_target_host_count_total",
  }),
  stash_appscode_com_restoresession_host_restore_success: gauge("Whether the host was restored: 1 or 0", host, {
    legacy: "stash_restore_host_restore_success",
  }),
  stash_appscode_com_restoresession_host_restore_duration_seconds: gauge("How long restoring the host took", host, {
    legacy: "stash_restore_host_restore_duration_seconds",
  }),
} as const;
