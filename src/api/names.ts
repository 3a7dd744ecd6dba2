/** Names of what is made for an object: Stash's, since users look for them, and the same at every try. All are pure. */

/** Of most objects. */
const nameLimit = 63;
/** Of a CronJob: its Jobs get eleven characters more. */
const cronJobLimit = 52;

const trigger = "stash-trigger";

/** The account of all CronJobs of a namespace, unless the user names one. */
export const triggerAccountName = "coldstream-trigger";

export function dashed(name: string): string {
  return name.replaceAll(".", "-");
}

/** What a cut leaves is a name only without dashes or dots at its ends, and without a dot beside a dash or a dot. */
function trimmed(name: string): string {
  return name
    .replace(/^[-.]+|[-.]+$/g, "")
    .replace(/-*\.[-.]*-|-[-.]*\.-*/g, "-")
    .replace(/\.{2,}/g, ".");
}

/** `prefix-name-suffix`; when too long its beginning and its end. */
export function middleCut(prefix: string, name: string, suffix: string): string {
  return cutMiddle(`${prefix}-${name}-${suffix}`, nameLimit);
}

/** `prefix-name`; when too long its beginning. */
export function endCut(prefix: string, name: string): string {
  return trimmed(`${prefix}-${name}`.slice(0, nameLimit));
}

function cutMiddle(name: string, limit: number): string {
  const [head, tail] = [Math.ceil(limit / 2), Math.floor(limit / 2)];
  return trimmed(name.length <= limit ? name : name.slice(0, head) + name.slice(-tail));
}

export interface Invoker {
  readonly name: string;
  readonly namespace: string;
}

/** The CronJob. A long name keeps its end: there people put what differs. */
export function cronJobName({ name, namespace }: Invoker, targetNamespace: string): string {
  const base = dashed(name);
  return targetNamespace === namespace
    ? trimmed(`${trigger}-${base}`.slice(-cronJobLimit))
    : cutMiddle(`${trigger}-${namespace}-${base}`, cronJobLimit);
}

/** The session of a slot: made again for the same slot it has the same name. */
export function backupSessionName(invoker: string, slot: Date): string {
  const seconds = String(Math.floor(slot.getTime() / 1000));
  const room = nameLimit - 1 - seconds.length;
  return `${trimmed(invoker.slice(0, room))}-${seconds}`;
}

export function backupJobName(session: string): string {
  return middleCut("stash-backup", dashed(session), "0");
}

export function restoreJobName(session: string): string {
  return middleCut("stash-restore", dashed(session), "0");
}

/** The PersistentVolumeClaim of a session. */
export function interimClaimName(session: string, template: string): string {
  return endCut(session, template);
}

/** ServiceAccount and RoleBinding of the Job. */
export function jobAccountName(kind: string, invoker: string): string {
  return middleCut(kind.toLowerCase(), invoker, "0");
}

/** Role and RoleBinding in a Repository's namespace that is not the invoker's. */
export function repositoryRoleName(kind: string, { name, namespace }: Invoker): string {
  return middleCut(namespace, `${kind.toLowerCase()}-${name}`, "0");
}

/** Copy of an image pull Secret in the invoker's namespace. */
export function pullSecretName(secret: string, kind: string, invoker: string): string {
  return `${secret}-${kind.toLowerCase()}-${invoker}`;
}

/** The container of a Task's step, counted from 0. */
export function containerName(functionName: string, step: number): string {
  return `${dashed(functionName)}-${step}`;
}

/** A Snapshot. */
export function snapshotName(repository: string, id: string): string {
  const short = id.slice(0, 8);
  return `${trimmed(repository.slice(0, nameLimit - 1 - short.length))}-${short}`;
}

/** What a BackupBlueprint makes for an AppBinding; `targetNamespace` when it is made in another namespace. */
export function blueprintName(appBinding: string, targetNamespace?: string): string {
  const name = targetNamespace === undefined ? `app-${appBinding}` : `${targetNamespace}-app-${appBinding}`;
  return trimmed(name.slice(0, nameLimit));
}
