import type { ConditionType } from "../../src/api/condition-types.ts";

interface Meaning {
  readonly says: string;
  /** What to do when it says bad news. */
  readonly advice: string;
}

const hook = (when: string): Meaning => ({
  says: `The hook ${when}.`,
  advice: "Its message says what the hook answered.",
});

/** What each condition is about: a new one without a line here does not compile. */
export const meanings: Readonly<Record<ConditionType, Meaning>> = {
  RepositoryFound: {
    says: "The Repository exists and is not being deleted.",
    advice: "Make the Repository, or correct `spec.repository`.",
  },
  BackendSecretFound: {
    says: "The Secret that the Repository names exists, in the Repository's namespace, with the keys that are always needed.",
    advice: "Make the Secret, or add the key that the message names. Secrets are looked at again within a minute.",
  },
  ValidationPassed: {
    says: "The object makes sense, a Job can be made of its Task, and the Repository's `usagePolicy` lets this namespace use it.",
    advice: "The message names the field and what to write there.",
  },
  BackupTargetFound: {
    says: "The AppBinding exists.",
    advice: "Make the AppBinding, or correct `spec.target.ref`.",
  },
  CronJobCreated: {
    says: "The CronJob that makes BackupSessions is in place, and the rights of the Jobs.",
    advice:
      "The message has the API server's words: a schedule it does not take, a quota, an object of that name that is somebody else's.",
  },
  RestoreTargetFound: {
    says: "The AppBinding exists.",
    advice: "Make the AppBinding: the restore begins by itself. The spec of a RestoreSession cannot be changed.",
  },
  RestoreExecutorEnsured: {
    says: "The restore's Job was made.",
    advice: "The message says why no Job could be made. Correct it and make a new RestoreSession.",
  },
  PreRestoreHookExecutionSucceeded: hook("before the restore did its work. When it fails nothing is restored"),
  PostRestoreHookExecutionSucceeded: hook(
    "behind the restore did its work. When it fails the session fails, and the streams stay restored",
  ),
  StreamsRestored: {
    says: "Ours. All streams were restored; when not, the message names each that was not, and why. Unknown: the server or the repository is waited for.",
    advice: "Do what the message says, and make a new RestoreSession. What was restored is whole.",
  },
  MetricsPushed: {
    says: "The session is over; and whether its figures arrived at the Pushgateway.",
    advice: "See that the Pushgateway runs. A session does not fail by it.",
  },
  DeadlineExceeded: {
    says: "`timeOut` passed before the session was done; its Job was stopped. True is the bad news.",
    advice: "Give it more time in `spec.timeOut`, or find out what it waited for: `kubectl describe`.",
  },
  BackupSkipped: {
    says: "There was no backup: the BackupConfiguration was not Ready, or its session before was still running. True is the bad news.",
    advice:
      "The message says which. When backups take longer than the time between two, make the schedule less frequent.",
  },
  BackendRepositoryInitialized: {
    says: "The restic repository is there, or was made because there never was one. Unknown: its place cannot be reached, and is tried again.",
    advice:
      "The message says what restic or the place answered. One that is gone is not made anew: see [troubleshooting](../guides/troubleshooting.md).",
  },
  RetentionPolicyApplied: {
    says: "The retention policy was applied. It is not there when another run held the repository's lock: then the next session does it.",
    advice: "The snapshot is saved. The message says what could not be removed, and why.",
  },
  RepositoryIntegrityVerified: {
    says: "`restic check` found no damage.",
    advice:
      "False with `damaged`: act now, see [troubleshooting](../guides/troubleshooting.md). Otherwise it could not be checked, and the message says why.",
  },
  RepositoryMetricsPushed: {
    says: "The Repository's figures arrived at the Pushgateway, or there is none.",
    advice: "See that the Pushgateway runs. A session does not fail by it.",
  },
  BackupHistoryCleaned: {
    says: "Finished BackupSessions beyond `backupHistoryLimit` were deleted.",
    advice: "The message has the API server's words. The backup is saved.",
  },
  GlobalPreBackupHookSucceeded: hook("of a BackupBatch before all its members did its work. Not written yet"),
  GlobalPostBackupHookSucceeded: hook("of a BackupBatch behind all its members did its work. Not written yet"),
  BackupExecutorEnsured: {
    says: "The backup's Job was made.",
    advice:
      "The message says why no Job could be made: something it needs went away since the BackupConfiguration was Ready.",
  },
  PreBackupHookExecutionSucceeded: hook("before the backup did its work. When it fails there is no backup"),
  PostBackupHookExecutionSucceeded: hook(
    "behind the backup did its work, or its executionPolicy left it out. When it fails the session fails, and the snapshot stays",
  ),
  StreamsBackedUp: {
    says: "Ours. All streams were saved; when not, the message names each that was not, and why. Unknown: the server is waited for.",
    advice:
      "Do what the message says; the next session saves them. What could be saved is in a snapshot that counts as incomplete.",
  },
  BackupProven: {
    says: "Ours, where the param `proof` asks for it. What was saved was restored into a nats-server of the Job's own and compared. Unknown: it could not be tried.",
    advice:
      "False: do not rely on this snapshot; run `coldstream check`, and report it. Unknown: the message says what is missing.",
  },
  BackupDisrupted: {
    says: "The pod was lost: evicted, deleted, or its node went away. True is the bad news.",
    advice: "Set `spec.retryConfig` to have it tried again; see why the pod was taken away.",
  },
};
