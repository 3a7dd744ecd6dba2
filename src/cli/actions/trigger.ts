import { Failure } from "../../kit/failures.ts";
import { formatDuration } from "../../kit/quantities.ts";
import { pause } from "../../kube/requests.ts";
import { resourceOf } from "../../kube/resource.ts";
import { sessionDraft } from "../../tasks/create-backupsession.ts";
import { type ClusterDesk, openDesk } from "../cluster-desk.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { TriggerOptions } from "../commands/trigger.ts";
import { errorOf, requireConfiguration, type Session } from "../invoker.ts";
import type { Printer } from "../printer.ts";
import { visible, visibleSentence } from "../visible.ts";

const pauseMs = 1_000;
/** A session that nobody looked at for this long. */
const lonelyMs = 15_000;

export async function triggerBackup(
  context: CommandContext,
  options: TriggerOptions,
  operands: readonly string[],
): Promise<Outcome> {
  const { printer } = context;
  await using desk = openDesk(context, options);
  const configuration = await requireConfiguration(desk, operands);
  if (configuration.spec.paused === true) printer.note("its schedule is paused; this session is made all the same");
  const made = await desk.cluster.create(resourceOf("BackupSession"), sessionDraft(configuration, new Date()), desk);
  const name = made.metadata.name ?? "";
  printer.done(`backupsession.stash.appscode.com/${visible(name)} created`);
  if (!options.wait) {
    printer.note(`watch it with: coldstream logs backupsession/${visible(name)} -n ${visible(desk.namespace)} -f`);
    printer.document(documentOf(made));
    return undefined;
  }
  const ended = await untilEnded(desk, made, { printer, timeoutMs: options.timeout });
  printer.document(documentOf(ended));
  return outcomeOf(ended, printer);
}

function documentOf(session: Session) {
  const { metadata, status } = session;
  const { name = "", namespace = "" } = metadata;
  const duration = status?.sessionDuration ?? null;
  return { namespace, session: name, phase: status?.phase ?? null, duration, error: errorOf(session) ?? null };
}

interface Patience {
  readonly printer: Printer;
  readonly timeoutMs: number | undefined;
}

async function untilEnded(desk: ClusterDesk, made: Session, { printer, timeoutMs }: Patience): Promise<Session> {
  const startedMs = performance.now();
  const key = { namespace: made.metadata.namespace, name: made.metadata.name ?? "" };
  let shown = "";
  for (;;) {
    const found = await desk.cluster.get(resourceOf("BackupSession"), key, desk);
    if (found === undefined) throw new Failure("object-not-found", `BackupSession ${key.name} was deleted meanwhile`);
    if (["Succeeded", "Failed", "Skipped"].includes(found.status?.phase ?? "")) return found;
    const passedMs = performance.now() - startedMs;
    const state = stateOf(found, passedMs);
    if (printer.isLive) printer.live(`${key.name}: ${state}, ${formatDuration(passedMs)}`);
    else if (state !== shown) printer.note(`${key.name}: ${state}`);
    shown = state;
    if (timeoutMs !== undefined && passedMs > timeoutMs) {
      throw new Failure("timed-out", `BackupSession ${key.name} has not ended: ${state}`, {
        hint: `it goes on; see: coldstream logs backupsession/${key.name} -n ${desk.namespace} -f`,
      });
    }
    await pause(pauseMs, desk.signal);
  }
}

/** What it is doing, as its newest condition says. */
function stateOf({ status }: Session, passedMs: number): string {
  if (status?.phase === undefined)
    return passedMs > lonelyMs ? "nobody has looked at it yet; does the operator run?" : "waiting";
  const conditions = [
    ...(status.conditions ?? []),
    ...(status.targets ?? []).flatMap((target) => target.conditions ?? []),
  ];
  const newest = conditions.toSorted((a, b) => a.lastTransitionTime.localeCompare(b.lastTransitionTime)).at(-1);
  const said = newest?.message ?? newest?.type;
  return said === undefined ? status.phase : `${status.phase}: ${visibleSentence(said)}`;
}

function outcomeOf(session: Session, printer: Printer): Outcome {
  const { metadata, status } = session;
  const { name = "", namespace = "" } = metadata;
  const stats = (status?.targets ?? []).flatMap((target) => target.stats ?? []);
  const error = errorOf(session);
  switch (status?.phase) {
    case "Succeeded": {
      const [snapshot] = stats.flatMap(({ snapshots }) => snapshots ?? []);
      const what =
        snapshot === undefined
          ? ""
          : `: snapshot ${(snapshot.name ?? "").slice(0, 8)}, ${snapshot.uploaded} new of ${snapshot.totalSize}`;
      printer.done(visibleSentence(`${name} succeeded in ${status.sessionDuration ?? "no time"}${what}`));
      return undefined;
    }
    case "Skipped":
      return new Failure("plan-refused", `BackupSession ${name} was skipped: ${error ?? "nobody says why"}`, {
        hint: "no backup was made; try again when the reason is gone",
      });
    default:
      return new Failure("backup-failed", `BackupSession ${name} failed: ${error ?? "nobody says why"}`, {
        hint: `see: coldstream describe backupsession ${name} -n ${namespace}`,
      });
  }
}
