import { counter, gauge, histogram } from "./entry.ts";
import { base } from "./stash-metrics.ts";

const stream = [...base, "stream"] as const;
const kind = ["kind"] as const;

/** What Stash does not say: is it still safe, is it still running, what is in it. */
export const ownMetrics = {
  coldstream_backup_last_success_time_seconds: gauge(
    "When the newest successful backup session ended, in seconds since 1970",
    base,
  ),
  coldstream_backup_last_proof_time_seconds: gauge(
    "When a restore of a backup was last tried out, in seconds since 1970",
    base,
  ),
  coldstream_backup_proof_success: gauge("Whether the last trial restore gave what was saved: 1 or 0", base),
  coldstream_backup_next_run_time_seconds: gauge(
    "When the next backup is due, in seconds since 1970; absent while paused",
    base,
  ),
  coldstream_backup_paused: gauge("Whether backups are paused: 1 or 0", base),
  coldstream_backup_ready: gauge("Whether the configuration can make backups: 1 or 0", base),
  coldstream_backup_session_phase: gauge("1 for the phase of the newest backup session, 0 for the others", [
    ...base,
    "phase",
  ]),
  coldstream_backup_session_start_time_seconds: gauge(
    "When the newest backup session was created, in seconds since 1970",
    base,
  ),
  coldstream_backup_sessions_total: counter("Backup sessions that ended since the operator started, by phase", [
    ...base,
    "phase",
  ]),
  coldstream_restore_session_phase: gauge("1 for the phase of the restore session, 0 for the others", [
    ...base,
    "phase",
  ]),
  coldstream_stream_saved: gauge("Whether the newest session saved the stream: 1 or 0", stream),
  coldstream_stream_exact: gauge("Whether what was saved of the stream is of one moment: 1 or 0", stream),
  coldstream_stream_messages: gauge("Messages of the stream that the newest session saved", stream),
  coldstream_stream_bytes: gauge("Bytes of the stream that the newest session saved", stream),
  coldstream_stream_last_sequence: gauge("Last sequence of the stream that the newest session saved", stream),
  coldstream_stream_consumers: gauge("Consumers of the stream that the newest session saved", stream),
} as const;

/** Of the operator as a program. */
export const operatorMetrics = {
  coldstream_build_info: gauge("1; the labels say which program this is", ["version", "node"]),
  coldstream_leader: gauge("Whether this operator is the one that works: 1 or 0", []),
  coldstream_queue_depth: gauge("Objects that wait for their turn", kind),
  coldstream_queue_running: gauge("Objects that are worked on", kind),
  coldstream_queue_delayed: gauge("Objects that will be looked at later, failed ones included", kind),
  coldstream_queue_oldest_seconds: gauge("How long the object that waits longest has waited for its turn", kind),
  coldstream_reconciles_total: counter("Looks at objects that ended, failed ones included", kind),
  coldstream_reconcile_errors_total: counter("Looks at objects that failed and are tried again", kind),
  coldstream_reconcile_duration_seconds: histogram(
    "How long a look at an object took",
    kind,
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  ),
  coldstream_watch_objects: gauge("Objects that the operator keeps in memory", kind),
  coldstream_watch_lists_total: counter("Times that all objects of a kind were read", kind),
  coldstream_watch_restarts_total: counter("Times that following a kind had to begin anew", kind),
  coldstream_api_requests_total: counter("Requests to the API server", ["verb", "resource"]),
  coldstream_pushes_total: counter("Pushes to the Pushgateway, by result: pushed or failed", ["result"]),
  process_start_time_seconds: gauge("When the process started, in seconds since 1970", []),
  process_cpu_seconds_total: counter("Processor time that the process used", []),
  process_resident_memory_bytes: gauge("Memory that the process holds", []),
} as const;
