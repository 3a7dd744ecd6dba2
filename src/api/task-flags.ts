import { Failure } from "../kit/failures.ts";
import {
  bytes,
  choice,
  count,
  duration,
  list,
  needed,
  type TaskFlag,
  text,
  textOr,
  truth,
  variable,
  words,
  written,
} from "./task-flag.ts";

/**
 * The programs that Jobs run, and their flags: the one table for the catalogue, which writes them into Functions, and for
 * the programs, which read them. A field `waitTimeout` is the flag `--wait-timeout`.
 */

/** Which invoker: for every program but wipe-out. */
const invoker = {
  invokerKind: needed("kind of the invoker", variable("INVOKER_KIND")),
  invokerName: needed("name of the invoker", variable("INVOKER_NAME")),
  namespace: text("namespace of the session; default: that of the pod's account", variable("NAMESPACE")),
};

const backupSession = { backupsession: text("name of the BackupSession", variable("BACKUP_SESSION")) };
const restoreSession = { restoresession: text("name of the RestoreSession", variable("RESTORE_SESSION")) };

const folders = {
  outputDir: textOr("/stash-tmp/output", "where the first step leaves output.json", variable("outputDir")),
  scratchDir: textOr("/stash-tmp", "folder for temporary files", written("/stash-tmp")),
  enableCache: truth(true, "whether restic keeps a cache in the scratch folder", variable("ENABLE_CACHE")),
};

const repository = needed("the Repository: NAMESPACE/NAME", written(`\${REPOSITORY_NAMESPACE}/\${REPOSITORY_NAME}`));
const report = text("ConfigMap for the session's report, in the session's namespace", variable("SESSION_REPORT"));

const target = {
  targetKind: textOr("AppBinding", "kind of the target", variable("TARGET_KIND")),
  targetName: text("name of the target", variable("TARGET_NAME")),
  targetNamespace: text("namespace of the target", variable("TARGET_NAMESPACE")),
};

/** Of both directions. */
const nats = {
  repository,
  ...invoker,
  appbinding: needed("name of the AppBinding", variable("TARGET_NAME")),
  appbindingNamespace: needed("namespace of the AppBinding", variable("TARGET_NAMESPACE")),
  hostname: textOr("host-0", "restic's host of the target: its alias, or host-0", variable("HOSTNAME")),
  interimDataDir: needed("folder for what is on its way", written(`\${INTERIM_DATA_DIR}`)),
  ...folders,
  report,
  natsArgs: words("flags as for nats stream backup or restore", variable("args")),
  streams: list("streams, with commas between; empty: all", variable("streams")),
  waitTimeout: duration(300_000, "how long to wait for the server and the repository", variable("waitTimeout")),
  warningThreshold: duration(30_000, "taken from Stash's manifests; has no effect", variable("warningThreshold")),
  parallel: count("streams at the same time", variable("parallel")),
  stagingLimit: bytes("most that lies in the interim folder at a time", variable("stagingLimit")),
  jsDomain: text("JetStream domain", variable("jsDomain")),
  jsApiPrefix: text("subject of an imported JetStream API", variable("jsApiPrefix")),
  inboxPrefix: text("prefix of inboxes, where permissions ask for it", variable("inboxPrefix")),
  tlsFirst: truth(false, "TLS before the server's greeting", variable("tlsFirst")),
};

const natsBackup = {
  ...nats,
  backupsession: needed("name of the BackupSession", variable("BACKUP_SESSION")),
  strategy: choice(["auto", "snapshot", "tail"], "how to read the streams", variable("strategy")),
  proof: choice(["Always", "Daily", "Never"], "when to restore and compare after a backup", variable("proof")),
  allowDegraded: list("streams that may be left out or lack consumers; true: all of them", variable("allowDegraded")),
};

const natsRestore = {
  ...nats,
  restoresession: needed("name of the RestoreSession", variable("RESTORE_SESSION")),
  sourceHostname: text("restic's host of the data; empty: any", variable("SOURCE_HOSTNAME")),
  snapshot: list("snapshots to restore, by id or latest; empty: latest", variable("RESTORE_SNAPSHOTS")),
  overwrite: truth(false, "replace streams that exist; the same as onConflict overwrite", variable("overwrite")),
  onConflict: choice(
    ["fail", "skip", "overwrite", "rename"],
    "what to do when a stream exists; default fail",
    variable("onConflict"),
  ),
  inPlace: truth(
    false,
    "with overwrite, where there is no room for two copies: delete a stream before its new content is proven",
    variable("inPlace"),
  ),
  rename: list("OLD=NEW, with commas between", variable("rename")),
  subjects: list("only messages of these subjects", variable("subjects")),
  untilTime: text("only messages up to this time (RFC 3339)", variable("untilTime")),
  untilSeq: text("only messages up to this sequence", variable("untilSeq")),
  replicas: count("copies in the cluster, instead of what was saved", variable("replicas")),
  placementCluster: text("cluster to place the streams in", variable("placementCluster")),
  placementTag: list("tags of the servers to place the streams on", variable("placementTag")),
  storage: choice(["file"], "file: restore memory streams as file streams", variable("storage")),
  liftLimits: truth(false, "lift the maximum age, so that old messages stay", variable("liftLimits")),
};

const updateStatus = {
  repository,
  ...invoker,
  ...backupSession,
  ...restoreSession,
  ...target,
  ...folders,
  report,
  metricsPushgatewayUrl: text("the Pushgateway; empty: push nothing", variable("PROMETHEUS_PUSHGATEWAY_URL")),
};

export const taskPrograms = {
  "create-backupsession": invoker,
  "nats-backup": natsBackup,
  "nats-restore": natsRestore,
  "update-status": updateStatus,
  "run-hook": {
    phase: choice(["pre", "post"], "before or after the task"),
    ...invoker,
    ...backupSession,
    ...restoreSession,
    ...target,
    outputDir: folders.outputDir,
  },
  "wipe-out": { repository, scratchDir: folders.scratchDir, report },
} as const satisfies Record<string, Readonly<Record<string, TaskFlag>>>;

export type TaskProgram = keyof typeof taskPrograms;
export type TaskFlags<Program extends TaskProgram> = {
  readonly [Name in keyof (typeof taskPrograms)[Program]]: (typeof taskPrograms)[Program][Name] extends TaskFlag<
    infer Value
  >
    ? Value
    : never;
};

/** Flags of Stash's programs that say what ours read from the objects themselves: taken and not looked at. */
const stashFlags: ReadonlySet<string> = new Set([
  ...["provider", "bucket", "endpoint", "insecure-tls", "region", "path", "max-connections"],
  ...["storage-secret-name", "storage-secret-namespace", "license-apiservice", "metrics-enabled"],
  ...["retention-keep-last", "retention-keep-hourly", "retention-keep-daily", "retention-keep-weekly"],
  ...["retention-keep-monthly", "retention-keep-yearly", "retention-keep-tags", "retention-prune"],
  "retention-dry-run",
]);

export function isTaskProgram(name: string): name is TaskProgram {
  return Object.hasOwn(taskPrograms, name);
}

/** `waitTimeout` is `--wait-timeout`. */
export function flagName(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Reads the flags of `program`; each is `--name=value`, a bare `--name` is true, the last counts. Empty is not given. A flag
 * that we do not know is passed over when it is empty: so a catalogue may be newer than the image, as long as nobody uses
 * what the image lacks. With a value it throws `usage`, for then somebody asks for what would not happen.
 */
export function parseTaskFlags<Program extends TaskProgram>(
  program: Program,
  argv: readonly string[],
): TaskFlags<Program> {
  const given = givenFlags(program, argv);
  const flags: Readonly<Record<string, TaskFlag>> = taskPrograms[program];
  const fields = Object.entries(flags).map(([field, flag]) => [field, flagValue(program, field, flag, given)]);
  return Object.fromEntries(fields) as TaskFlags<Program>;
}

function givenFlags(program: TaskProgram, argv: readonly string[]): ReadonlyMap<string, string> {
  const known = new Set(Object.keys(taskPrograms[program]).map(flagName));
  const given = new Map<string, string>();
  for (const argument of argv) {
    const [, name = "", , value = "true"] = /^--([a-z][a-z0-9-]*)(=([\s\S]*))?$/i.exec(argument) ?? [];
    if (name === "") throw new Failure("usage", `${program}: ${JSON.stringify(argument)} is not a flag`, { hint });
    if (known.has(name)) given.set(name, value);
    else if (value !== "" && !stashFlags.has(name)) {
      throw new Failure("usage", `${program}: there is no flag --${name}`, { hint: hintFor(known) });
    }
  }
  return given;
}

const hint = "flags look like --name=value";

function hintFor(known: ReadonlySet<string>): string {
  return `this image knows ${[...known].map((name) => `--${name}`).join(", ")}`;
}

function flagValue(program: string, field: string, flag: TaskFlag, given: ReadonlyMap<string, string>): unknown {
  const text = given.get(flagName(field)) ?? "";
  if (text !== "") return read(program, field, flag, text);
  if (flag.otherwise !== "required") return flag.otherwise.value;
  throw new Failure("usage", `${program}: --${flagName(field)} is missing`, { hint });
}

function read(program: string, field: string, flag: TaskFlag, text: string): unknown {
  try {
    return flag.read(text);
  } catch (error) {
    if (!Failure.is(error)) throw error;
    throw new Failure(error.code, `${program}: ${calledBy(field, flag)} ${error.message}`);
  }
}

/** Users write params, and see no flags; the other variables are not theirs. */
function calledBy(field: string, { from }: TaskFlag): string {
  const [, param] = /^\$\{([a-z]\w*):=\}$/.exec(from ?? "") ?? [];
  return param === undefined || param === "outputDir" ? `--${flagName(field)}` : `the param ${param}`;
}
