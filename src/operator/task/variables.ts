import type { AppBinding } from "../../api/app-binding.ts";
import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import { defaultHost, interimFolders } from "../../api/labels.ts";
import type { Repository } from "../../api/repository.ts";
import { type RestoreSession, rulesOf } from "../../api/restore-session.ts";
import type { RetentionPolicy } from "../../api/retention-policy.ts";
import type { OperatorSettings } from "../settings.ts";
import { repositoryVariables } from "./backend.ts";
import { userParams } from "./choice.ts";
import { matchRule } from "./rules.ts";
import type { Variables } from "./substitute.ts";
import { type Invoker, namespaceOf, targetOf } from "./target.ts";

export interface VariablesRequest {
  readonly invoker: Invoker;
  /** Of the session; for a restore the invoker's own. */
  readonly session: string;
  readonly repository: Repository;
  readonly appBinding: AppBinding;
  readonly settings: OperatorSettings;
  /** ConfigMap for the session's report. */
  readonly report: string;
}

/** undefined: the variable is absent, which is not the same as empty. */
type Values = Readonly<Record<string, string | undefined>>;

/**
 * The variables of a run, Stash's (and SESSION_REPORT). What users say wins over what is built in; the params of the
 * Task's steps come below both (resolve.ts).
 */
export function variablesFor(request: VariablesRequest): Variables {
  const { invoker, appBinding } = request;
  const builtIn: Values = {
    ...repositoryVariables(request.repository),
    ...targetVariables(invoker, appBinding),
    ...(invoker.kind === "RestoreSession" ? restoreVariables(invoker) : backupVariables(invoker, request.session)),
    ...runVariables(request),
  };
  const present = Object.entries(builtIn).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return new Map([...present, ...userParams(invoker, appBinding)]);
}

function targetVariables(invoker: Invoker, { spec }: AppBinding): Values {
  const { apiVersion, kind, name, namespace } = targetOf(invoker);
  const { target } = invoker.spec;
  const [group, resource] = spec.type === undefined ? [] : splitType(spec.type);
  return {
    TARGET_API_VERSION: apiVersion,
    TARGET_KIND: kind,
    TARGET_NAME: name,
    TARGET_NAMESPACE: namespace,
    TARGET_MOUNT_PATH: target?.volumeMounts?.[0]?.mountPath ?? "/stash-data",
    DRIVER_ARGS: joined(target?.args, " "),
    // In Stash's documents; its code sets them for blueprints only.
    TARGET_APP_TYPE: spec.type,
    TARGET_APP_GROUP: group,
    TARGET_APP_RESOURCE: resource,
    TARGET_APP_VERSION: spec.version,
  };
}

/** `nats.io/nats`: group and resource. */
function splitType(type: string): readonly [string, string] {
  const slash = type.lastIndexOf("/");
  return [type.slice(0, Math.max(0, slash)), type.slice(slash + 1)];
}

function backupVariables({ spec }: BackupConfiguration, session: string): Values {
  const { alias, paths = [], exclude } = spec.target ?? {};
  return {
    BACKUP_SESSION: session,
    HOSTNAME: orHost0(alias),
    TARGET_PATHS: joined(paths, ",") ?? "/stash-data",
    EXCLUDE_PATTERNS: joined(exclude, ","),
    ...retentionVariables(spec.retentionPolicy),
  };
}

function retentionVariables(policy: RetentionPolicy): Values {
  const number = (keep: number | undefined) => (keep !== undefined && keep > 0 ? String(keep) : undefined);
  return {
    RETENTION_KEEP_LAST: number(policy.keepLast),
    RETENTION_KEEP_HOURLY: number(policy.keepHourly),
    RETENTION_KEEP_DAILY: number(policy.keepDaily),
    RETENTION_KEEP_WEEKLY: number(policy.keepWeekly),
    RETENTION_KEEP_MONTHLY: number(policy.keepMonthly),
    RETENTION_KEEP_YEARLY: number(policy.keepYearly),
    RETENTION_KEEP_TAGS: joined(policy.keepTags, ","),
    RETENTION_PRUNE: policy.prune ? "true" : undefined,
    RETENTION_DRY_RUN: policy.dryRun === true ? "true" : undefined,
  };
}

/**
 * HOSTNAME is where the status counts the restore: Stash leaves it empty without a rule. Which host's snapshot is taken is
 * SOURCE_HOSTNAME, empty (any) without a rule even when there is an alias, as in Stash: data saved without one is found.
 */
function restoreVariables({ metadata, spec }: RestoreSession): Values {
  const alias = spec.target?.alias === "" ? undefined : spec.target?.alias;
  const rule = matchRule(rulesOf(spec), alias);
  return {
    RESTORE_SESSION: metadata.name ?? "",
    HOSTNAME: orHost0(alias),
    SOURCE_HOSTNAME: rule === undefined ? "" : (joined([rule.sourceHost ?? ""], "") ?? alias ?? ""),
    RESTORE_PATHS: joined(rule?.paths, ",") ?? "",
    RESTORE_SNAPSHOTS: joined(rule?.snapshots, ",") ?? "",
    EXCLUDE_PATTERNS: joined(rule?.exclude, ",") ?? "",
    INCLUDE_PATTERNS: joined(rule?.include, ",") ?? "",
    TARGET_APP_REPLICAS: String(spec.target?.replicas ?? 1),
  };
}

function runVariables({ invoker, report, settings }: VariablesRequest): Values {
  const { spec, metadata, kind } = invoker;
  const { registry, name, tag } = imageParts(settings.image);
  return {
    NAMESPACE: namespaceOf(invoker),
    INVOKER_KIND: kind,
    INVOKER_NAME: metadata.name ?? "",
    SESSION_REPORT: report,
    ENABLE_CACHE: String(spec.tempDir?.disableCaching !== true),
    INTERIM_DATA_DIR: interimFolderOf(invoker),
    STASH_DOCKER_REGISTRY: registry,
    STASH_DOCKER_IMAGE: name,
    STASH_IMAGE_TAG: tag,
    // Users' own Functions may look at these without a fallback.
    LICENSE_APISERVICE: "",
    PROMETHEUS_PUSHGATEWAY_URL: settings.pushgatewayUrl ?? "",
    PROMETHEUS_JOB_NAME: metadata.name ?? "",
  };
}

function interimFolderOf({ spec }: Invoker): string {
  return spec.interimVolumeTemplate === undefined ? interimFolders.withoutVolume : interimFolders.withVolume;
}

/** Such that registry/name:tag is the image, also for one without a registry, without a tag, or with a digest. */
export function imageParts(image: string): {
  readonly registry: string;
  readonly name: string;
  readonly tag: string;
} {
  const slash = image.lastIndexOf("/");
  const [last, registry] = [image.slice(slash + 1), slash < 0 ? "docker.io/library" : image.slice(0, slash)];
  // name:tag@sha256:digest is cut at its first colon, name@sha256:digest at its only one.
  const colon = last.indexOf(":");
  return colon < 0
    ? { registry, name: last, tag: "latest" }
    : { registry, name: last.slice(0, colon), tag: last.slice(colon + 1) };
}

function orHost0(alias: string | undefined): string {
  return alias === undefined || alias === "" ? defaultHost : alias;
}

/** undefined for what is not there or holds nothing. */
function joined(texts: readonly string[] | undefined, separator: string): string | undefined {
  const text = texts?.join(separator) ?? "";
  return text === "" ? undefined : text;
}
