/** The conditions and the reasons they may give, Stash's words: users' scripts and alerts wait for them. */

interface Reasons {
  readonly true: string;
  readonly false?: string;
  readonly unknown?: string;
}

/** Of BackupConfiguration, RestoreSession and the batches. */
export const invokerConditions = {
  /** The Repository exists and is not being deleted. */
  RepositoryFound: {
    true: "RepositoryAvailable",
    false: "RepositoryNotAvailable",
    unknown: "UnableToCheckRepositoryAvailability",
  },
  /** The Secret with the password and the keys of the backend exists, in the Repository's namespace. */
  BackendSecretFound: {
    true: "BackendSecretAvailable",
    false: "BackendSecretNotAvailable",
    unknown: "UnableToCheckBackendSecretAvailability",
  },
  /** The object makes sense, and the Repository's usagePolicy lets this namespace use it. */
  ValidationPassed: { true: "ResourceValidationPassed", false: "ResourceValidationFailed" },
  /** The AppBinding exists. */
  BackupTargetFound: {
    true: "TargetAvailable",
    false: "TargetNotAvailable",
    unknown: "UnableToCheckTargetAvailability",
  },
  /** The CronJob that makes BackupSessions is in place. */
  CronJobCreated: { true: "CronJobCreationSucceeded", false: "CronJobCreationFailed" },
  RestoreTargetFound: {
    true: "TargetAvailable",
    false: "TargetNotAvailable",
    unknown: "UnableToCheckTargetAvailability",
  },
  /** The Job of the restore exists. (Stash's documents call it RestorerEnsured or RestoreJobCreated.) */
  RestoreExecutorEnsured: { true: "SuccessfullyEnsuredRestoreExecutor", false: "FailedToEnsureRestoreExecutor" },
  PreRestoreHookExecutionSucceeded: {
    true: "SuccessfullyExecutedPreRestoreHook",
    false: "FailedToExecutePreRestoreHook",
  },
  PostRestoreHookExecutionSucceeded: {
    true: "SuccessfullyExecutedPostRestoreHook",
    false: "FailedToExecutePostRestoreHook",
  },
  /** Ours: every stream was restored; the message names those that were not, and why. Unknown while the server is waited for. */
  StreamsRestored: {
    true: "AllStreamsRestored",
    false: "FailedToRestoreStreams",
    unknown: "WaitingForServer",
  },
} as const satisfies Record<string, Reasons>;

/** Of a BackupSession as a whole; the first two also of a RestoreSession. */
export const sessionConditions = {
  /** The last step: written when all else is done, so that the session may become final. */
  MetricsPushed: { true: "SuccessfullyPushedMetrics", false: "FailedToPushMetrics" },
  /** timeOut passed first. */
  DeadlineExceeded: { true: "FailedToCompleteWithinDeadline" },
  BackupSkipped: { true: "SkippedTakingNewBackup" },
  /** The restic repository exists. Unknown while its place cannot be reached and is tried again. */
  BackendRepositoryInitialized: {
    true: "BackendRepositoryFound",
    false: "FailedToInitializeBackendRepository",
    unknown: "WaitingForBackend",
  },
  RetentionPolicyApplied: { true: "SuccessfullyAppliedRetentionPolicy", false: "FailedToApplyRetentionPolicy" },
  RepositoryIntegrityVerified: {
    true: "SuccessfullyVerifiedRepositoryIntegrity",
    false: "FailedToVerifyRepositoryIntegrity",
  },
  RepositoryMetricsPushed: { true: "SuccessfullyPushedRepositoryMetrics", false: "FailedToPushRepositoryMetrics" },
  /** Sessions beyond backupHistoryLimit are deleted. */
  BackupHistoryCleaned: { true: "SuccessfullyCleanedBackupHistory", false: "FailedToCleanBackupHistory" },
  GlobalPreBackupHookSucceeded: {
    true: "GlobalPreBackupHookExecutedSuccessfully",
    false: "GlobalPreBackupHookExecutionFailed",
  },
  GlobalPostBackupHookSucceeded: {
    true: "GlobalPostBackupHookExecutedSuccessfully",
    false: "GlobalPostBackupHookExecutionFailed",
  },
} as const satisfies Record<string, Reasons>;

/** Of one target within a BackupSession. */
export const targetConditions = {
  /** The Job of the backup exists. */
  BackupExecutorEnsured: { true: "SuccessfullyEnsuredBackupExecutor", false: "FailedToEnsureBackupExecutor" },
  PreBackupHookExecutionSucceeded: {
    true: "SuccessfullyExecutedPreBackupHook",
    false: "FailedToExecutePreBackupHook",
  },
  /** True also when the hook's executionPolicy left it out. */
  PostBackupHookExecutionSucceeded: {
    true: "SuccessfullyExecutedPostBackupHook",
    false: "FailedToExecutePostBackupHook",
  },
  /** Ours: every stream was saved; the message names those that were not, and why. Unknown while the server is waited for. */
  StreamsBackedUp: {
    true: "AllStreamsBackedUp",
    false: "FailedToBackUpStreams",
    unknown: "WaitingForServer",
  },
  /** Ours: what was saved was restored and compared, where the param `proof` asks for it. Unknown: it could not be tried. */
  BackupProven: {
    true: "SuccessfullyProvenBackup",
    false: "ProofShowedDifference",
    unknown: "UnableToProveBackup",
  },
  /** True is the bad news: the pod was lost. */
  BackupDisrupted: { true: "FailedToCompleteDueToDisruption" },
} as const satisfies Record<string, Reasons>;

export type ConditionType =
  | keyof typeof invokerConditions
  | keyof typeof sessionConditions
  | keyof typeof targetConditions;
