import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import type { RetentionPolicy } from "../../api/retention-policy.ts";
import { mistakeInCron } from "../../kit/cron.ts";

/** What no schema can say of a BackupConfiguration alone: the first mistake in a sentence that says what to do. */
export function mistakeOf({ spec }: BackupConfiguration): string | undefined {
  const { driver, target, schedule = "", retentionPolicy } = spec;
  if (driver !== "Restic") return `spec.driver ${driver} is not possible for NATS: leave it out, or say Restic.`;
  return mistakeOfTarget(target?.ref) ?? mistakeOfSchedule(schedule) ?? mistakeOfRetention(retentionPolicy);
}

type Ref = NonNullable<NonNullable<BackupConfiguration["spec"]["target"]>["ref"]>;

function mistakeOfTarget(ref: Ref | undefined): string | undefined {
  const wanted = "the AppBinding (appcatalog.appscode.com/v1alpha1) of the NATS to back up";
  const { apiVersion, kind = "", name = "" } = ref ?? {};
  if (kind === "") return `spec.target.ref is missing: name ${wanted}.`;
  if (kind !== "AppBinding" || apiVersion?.startsWith("appcatalog.appscode.com/") === false)
    return `spec.target.ref names a ${kind}${apiVersion === undefined ? "" : ` (${apiVersion})`}, which cannot be backed up here: name ${wanted}.`;
  return name === "" ? `spec.target.ref.name is missing: name ${wanted}.` : undefined;
}

function mistakeOfSchedule(schedule: string): string | undefined {
  const example = 'for example "0 3 * * *"';
  if (schedule === "") return `spec.schedule is missing: say when to back up, ${example}.`;
  const mistake = mistakeInCron(schedule);
  return mistake === undefined ? undefined : `spec.schedule: ${mistake}; ${example}.`;
}

function mistakeOfRetention(policy: RetentionPolicy): string | undefined {
  const { keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly, keepTags = [] } = policy;
  const counts = [keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly];
  // -1 is restic's word for all
  const keeps = counts.some((count) => count !== undefined && (count > 0 || count === -1)) || keepTags.length > 0;
  return keeps ? undefined : "spec.retentionPolicy keeps nothing: set keepLast, or another of its keep rules.";
}
