import { expect, test } from "vitest";
import { exportedMetrics, metricTable } from "./table.ts";

const base = "invoker_kind invoker_name namespace driver repository";
const target = `${base} kind group name`;
const host = `${target} hostname`;
const repository = `${base} name backend`;
const place = " [bucket] [prefix]";

/** Names and labels are in users' dashboards and alerts: a line here changes only together with an ADR. */
const stash = [
  ["backupsession_success", "backup_session_success", base],
  ["backupsession_duration_seconds", "backup_session_duration_seconds", base],
  ["backupsession_target_count_total", "backup_target_count_total", base],
  ["backupsession_last_success_time_seconds", "backup_last_success_time_seconds", base],
  ["backupsession_target_success", "backup_target_success", target],
  ["backupsession_target_host_count_total", "backup_target_host_count_total", target],
  ["backupsession_target_last_success_time_seconds", "backup_target_last_success_time_seconds", target],
  ["backupsession_host_backup_success", "backup_host_backup_success", host],
  ["backupsession_host_backup_duration_seconds", "backup_host_backup_duration_seconds", host],
  ["backupsession_host_data_size_bytes", "backup_host_data_size_bytes", host],
  ["backupsession_host_data_uploaded_bytes", "backup_host_data_uploaded_bytes", host],
  ["backupsession_host_data_processing_time_seconds", "backup_host_data_processing_time_seconds", host],
  ["backupsession_host_files_total", "backup_host_files_total", host],
  ["backupsession_host_files_new", "backup_host_files_new", host],
  ["backupsession_host_files_modified", "backup_host_files_modified", host],
  ["backupsession_host_files_unmodified", "backup_host_files_unmodified", host],
  ["repository_integrity", "repository_integrity", repository + place],
  ["repository_size_bytes", "repository_size_bytes", repository + place],
  ["repository_snapshot_count", "repository_snapshot_count", repository + place],
  ["repository_snapshot_cleaned", "repository_snapshot_cleaned", repository + place],
  ["restoresession_success", "restore_session_success", base],
  ["restoresession_duration_seconds", "restore_session_duration_seconds", base],
  ["restoresession_target_count_total", "restore_target_count_total", base],
  ["restoresession_target_success", "restore_target_success", target],
  ["restoresession_target_host_count_total", "restore_target_host_count_total", target],
  ["restoresession_host_restore_success", "restore_host_restore_success", host],
  ["restoresession_host_restore_duration_seconds", "restore_host_restore_duration_seconds", host],
];

const own = `
gauge coldstream_backup_last_success_time_seconds ${base}
gauge coldstream_backup_last_proof_time_seconds ${base}
gauge coldstream_backup_proof_success ${base}
gauge coldstream_backup_next_run_time_seconds ${base}
gauge coldstream_backup_paused ${base}
gauge coldstream_backup_ready ${base}
gauge coldstream_backup_session_phase ${base} phase
gauge coldstream_backup_session_start_time_seconds ${base}
counter coldstream_backup_sessions_total ${base} phase
gauge coldstream_restore_session_phase ${base} phase
gauge coldstream_stream_saved ${base} stream
gauge coldstream_stream_exact ${base} stream
gauge coldstream_stream_messages ${base} stream
gauge coldstream_stream_bytes ${base} stream
gauge coldstream_stream_last_sequence ${base} stream
gauge coldstream_stream_consumers ${base} stream
gauge coldstream_build_info version node
gauge coldstream_leader
gauge coldstream_queue_depth kind
gauge coldstream_queue_running kind
gauge coldstream_queue_delayed kind
gauge coldstream_queue_oldest_seconds kind
counter coldstream_reconciles_total kind
counter coldstream_reconcile_errors_total kind
histogram coldstream_reconcile_duration_seconds kind
gauge coldstream_watch_objects kind
counter coldstream_watch_lists_total kind
counter coldstream_watch_restarts_total kind
counter coldstream_api_requests_total verb resource
counter coldstream_pushes_total result
gauge process_start_time_seconds
counter process_cpu_seconds_total
gauge process_resident_memory_bytes`;

test("the names, types and labels stay as they are", () => {
  const lines = Object.entries(metricTable).map(([name, { type, labels, optional }]) =>
    [type, name, ...labels, ...optional.map((label) => `[${label}]`)].join(" "),
  );
  expect(lines).toEqual([
    ...stash.map(([name, , labels]) => `gauge stash_appscode_com_${name} ${labels}`),
    ...own.trim().split("\n"),
  ]);
});

test("Stash's series have their two names", () => {
  const names = Object.entries(metricTable).flatMap(([name, { legacy }]) =>
    legacy === undefined ? [] : [[name, legacy]],
  );
  expect(names).toEqual(stash.map(([name, legacy]) => [`stash_appscode_com_${name}`, `stash_${legacy}`]));
});

test("names are names for Prometheus, and there are no two of one", () => {
  const count = Object.values(metricTable).filter(({ legacy }) => legacy !== undefined).length;
  const exported = exportedMetrics();
  expect(exported.size).toBe(Object.keys(metricTable).length + count);
  for (const [name, { help, labels, optional }] of exported) {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(help).toMatch(/^[A-Z0-9].*[^.]$/);
    for (const label of [...labels, ...optional]) expect(label).toMatch(/^[a-z_]+$/);
  }
});
