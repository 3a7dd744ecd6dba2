import type { BackupConfiguration, BackupConfigurationStatus, InvokerPhase } from "../../api/backup-configuration.ts";
import { type Condition, type ConditionNews, statusOf, withCondition } from "../../api/condition.ts";
import { invokerConditions } from "../../api/condition-types.ts";
import { repositoryFound, repositoryMistake, secretFound, usable } from "../view/backend.ts";
import { mistakeOf } from "./mistake.ts";
import type { ConfigurationView } from "./view.ts";

export interface Checked {
  /** What was found, in the order in which it was looked for; it ends with the first that stands in the way. */
  readonly findings: readonly ConditionNews[];
  /** All is well so far: the CronJob and the Job's rights may be made. */
  readonly isFit: boolean;
  /** The Repository is there and lets this namespace use it: rights in its namespace may exist. */
  readonly mayUseRepository: boolean;
}

/** Everything that can be said before anything is made. `taskMistake` is asked when all it needs is there. */
export function check(view: ConfigurationView, taskMistake: () => string | undefined): Checked {
  const { repository, repositoryKey, secret, referrer } = view;
  const findings: ConditionNews[] = [];
  const stop = (mayUseRepository: boolean): Checked => ({ findings, isFit: false, mayUseRepository });
  findings.push(repositoryKey === undefined ? noRepository : repositoryFound(repository, repositoryKey));
  const found = usable(repository);
  if (found === undefined || repositoryKey === undefined) return stop(false);
  const mistakeOfRepository = repositoryMistake(found, referrer);
  const mayUseRepository = mistakeOfRepository === undefined;
  const keys = secretFound(found, secret);
  findings.push(keys);
  if (keys.status !== "True") return stop(mayUseRepository);
  const target = targetFound(view);
  const mistake =
    mistakeOfRepository ?? mistakeOf(view.configuration) ?? (target?.status === "True" ? taskMistake() : undefined);
  findings.push(validation(mistake));
  if (target !== undefined) findings.push(target);
  return { findings, isFit: mistake === undefined && target?.status === "True", mayUseRepository };
}

const noRepository: ConditionNews = {
  type: "RepositoryFound",
  status: "False",
  reason: invokerConditions.RepositoryFound.false,
  message: "spec.repository is missing: name the Repository to back up to.",
};

function validation(mistake: string | undefined): ConditionNews {
  const { true: passed, false: failed } = invokerConditions.ValidationPassed;
  return mistake === undefined
    ? { type: "ValidationPassed", status: "True", reason: passed, message: "The configuration is valid." }
    : { type: "ValidationPassed", status: "False", reason: failed, message: mistake };
}

/** Undefined for a target of which one cannot even say where it should be; validation says why. */
function targetFound({ appBinding, targetKey }: ConfigurationView): ConditionNews | undefined {
  if (targetKey === undefined) return undefined;
  const reasons = invokerConditions.BackupTargetFound;
  const title = `AppBinding ${targetKey.namespace}/${targetKey.name}`;
  return appBinding !== undefined && appBinding.metadata.deletionTimestamp == null
    ? { type: "BackupTargetFound", status: "True", reason: reasons.true, message: `${title} exists.` }
    : {
        type: "BackupTargetFound",
        status: "False",
        reason: reasons.false,
        message: `${title} does not exist: create it, or correct spec.target.ref.`,
      };
}

/** What came of making the CronJob and its rights. */
export function cronJobCreated(name: string, trouble: string | undefined): ConditionNews {
  const reasons = invokerConditions.CronJobCreated;
  return trouble === undefined
    ? { type: "CronJobCreated", status: "True", reason: reasons.true, message: `CronJob ${name} is in place.` }
    : { type: "CronJobCreated", status: "False", reason: reasons.false, message: `CronJob ${name}: ${trouble}` };
}

/** The status to write; undefined when nothing is new. */
export function statusAfter(
  { metadata, status = {} }: BackupConfiguration,
  findings: readonly ConditionNews[],
  now: Date,
): BackupConfigurationStatus | undefined {
  const before = status.conditions;
  const conditions = findings.reduce<readonly Condition[]>((all, news) => withCondition(all, news, now), before ?? []);
  const phase = phaseOf(conditions);
  const isSame = conditions === before && phase === status.phase && metadata.generation === status.observedGeneration;
  if (isSame) return undefined;
  return { ...status, conditions: [...conditions], phase, observedGeneration: metadata.generation };
}

/** Stash's formula, and one line more: without its target nothing can be backed up. The first that holds. */
export function phaseOf(conditions: readonly Condition[]): InvokerPhase {
  const of = (type: ConditionNews["type"]) => statusOf(conditions, type);
  const isAbsent = (type: ConditionNews["type"]) => of(type) === "False" || of(type) === "Unknown";
  if (isAbsent("RepositoryFound") || isAbsent("BackendSecretFound")) return "NotReady";
  if (of("ValidationPassed") === "False") return "Invalid";
  if (isAbsent("BackupTargetFound")) return "NotReady";
  const needed = ["ValidationPassed", "CronJobCreated", "RepositoryFound", "BackendSecretFound"] as const;
  return needed.every((type) => of(type) === "True") ? "Ready" : "NotReady";
}

const seconds = (count: number) => count * 1000;

/** Secrets are not watched, so that someone must look again: soon after a mistake was made, then less often. */
export function recheckAfterMs(status: BackupConfigurationStatus | undefined, now: Date): number {
  if (status?.phase === "Ready") return seconds(600);
  const changes = (status?.conditions ?? []).map(({ lastTransitionTime }) => Date.parse(lastTransitionTime));
  const quietMs = now.getTime() - Math.max(...changes, 0);
  return Math.min(seconds(60), Math.max(seconds(10), quietMs / 2));
}
