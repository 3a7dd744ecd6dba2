import type { BackupConfiguration } from "../api/backup-configuration.ts";
import type { BackupSession } from "../api/backup-session.ts";
import { Failure } from "../kit/failures.ts";
import { type KubeObject, resourceOf } from "../kube/resource.ts";
import type { ClusterDesk } from "./cluster-desk.ts";
import { missingObject } from "./missing-object.ts";

export type Configuration = BackupConfiguration & KubeObject;
export type Session = BackupSession & KubeObject;

/** `NAME`, `bc/NAME` or `backupconfiguration NAME`: the BackupConfiguration. */
export async function requireConfiguration(desk: ClusterDesk, operands: readonly string[]): Promise<Configuration> {
  const kind = await desk.kinds.named("backupconfiguration");
  const name = await nameIn(desk, operands);
  const found = await desk.cluster.get(resourceOf("BackupConfiguration"), { namespace: desk.namespace, name }, desk);
  if (found === undefined) throw await missingObject(desk, kind, name);
  return found;
}

async function nameIn({ kinds }: ClusterDesk, operands: readonly string[]): Promise<string> {
  const words = operands.flatMap((operand) => operand.split("/"));
  const [first = "", second, ...more] = words;
  if (second === undefined) return first;
  const { kind } = await kinds.named(first);
  if (kind === "BackupConfiguration" && more.length === 0) return second;
  throw new Failure("usage", `a BackupConfiguration is wanted, not ${operands.join(" ")}`);
}

/** Its sessions, newest first. */
export async function sessionsOf(desk: ClusterDesk, { metadata }: Configuration): Promise<readonly Session[]> {
  const { items } = await desk.cluster.list(resourceOf("BackupSession"), { namespace: metadata.namespace }, desk);
  return newestFirst(items.filter(({ spec }) => isOf(spec.invoker, metadata.name ?? "")));
}

export function isOf({ kind, name }: Session["spec"]["invoker"], configuration: string): boolean {
  return name === configuration && (kind ?? "BackupConfiguration") === "BackupConfiguration";
}

export function newestFirst<T extends KubeObject>(objects: readonly T[]): readonly T[] {
  const timeOf = ({ metadata }: T) => Date.parse(metadata.creationTimestamp ?? "") || 0;
  return objects.toSorted((one, other) => timeOf(other) - timeOf(one));
}

/** Why a session failed, or what there is to know. */
export function errorOf({ status }: Session): string | undefined {
  const errors = (status?.targets ?? []).flatMap(({ stats }) => (stats ?? []).flatMap(({ error }) => error || []));
  return errors[0] ?? messagesOf(status?.conditions, "False")[0] ?? messagesOf(status?.conditions, "BackupSkipped")[0];
}

type Conditions = NonNullable<Session["status"]>["conditions"];

/** Of the conditions of this type, or with this status. */
function messagesOf(conditions: Conditions, word: string): readonly string[] {
  return (conditions ?? []).flatMap(({ type, status, message }) =>
    [type, status].includes(word) && message ? [message] : [],
  );
}
