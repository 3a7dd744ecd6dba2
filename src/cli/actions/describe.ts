import { z } from "zod";
import { backupJobName, restoreJobName } from "../../api/names.ts";
import { type ReportedStream, reportKey, SessionReport } from "../../api/session-report.ts";
import { formatCount, formatDuration } from "../../kit/quantities.ts";
import { configMaps, type Event, events } from "../../kube/core.ts";
import { type ClusterDesk, openDesk } from "../cluster-desk.ts";
import type { AnyObject } from "../cluster-kinds.ts";
import { readTarget } from "../cluster-operands.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { DescribeOptions } from "../commands/describe.ts";
import { factsOf } from "../facts.ts";
import { requireObject } from "../missing-object.ts";
import { conditionsOf, nextSteps } from "../next-steps.ts";
import { formatFields, formatTable } from "../table.ts";
import { visible, visibleSentence } from "../visible.ts";

export async function describeObject(
  context: CommandContext,
  options: DescribeOptions,
  operands: readonly string[],
): Promise<Outcome> {
  const { printer } = context;
  await using desk = openDesk(context, options);
  const { kind, name } = await readTarget(desk.kinds, operands);
  const object = await requireObject(desk, kind, name);
  const [happened, streams] = await Promise.all([eventsOf(desk, object), streamsOf(desk, object)]);
  const steps = nextSteps(object);
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["", formatFields(factsOf(object).map(([field, value]) => [field, visibleSentence(value)]))],
    ["streams", streamLines(streams)],
    ["conditions", conditionLines(object)],
    ["events", eventLines(happened)],
    ["what to do", steps.map(visibleSentence)],
  ];
  const shown = sections.filter(([, lines]) => lines.length > 0);
  printer.lines(
    ...shown.flatMap(([title, lines]) =>
      title === "" ? lines : ["", `${title}:`, ...lines.map((line) => `  ${line}`)],
    ),
  );
  printer.document({ object: withoutValues(object), events: happened.map(eventDocument), streams, next: steps });
  return undefined;
}

/** A description is no place for what a Secret holds, nor for its copy in kubectl's annotation. */
function withoutValues(object: AnyObject): unknown {
  if (object.kind !== "Secret") return object;
  const { data: _data, stringData: _text, ...rest } = object;
  const { annotations: _copies, ...metadata } = object.metadata;
  return {
    ...rest,
    metadata,
    keys: Object.keys(z.record(z.string(), z.unknown()).safeParse(object["data"]).data ?? {}),
  };
}

async function eventsOf(desk: ClusterDesk, { metadata }: AnyObject): Promise<readonly Event[]> {
  const where = { namespace: metadata.namespace, fieldSelector: `involvedObject.uid=${metadata.uid ?? ""}` };
  // whoever may see the object may not always see its events
  const { items } = await desk.cluster.list(events, where, desk).catch(() => ({ items: [] }));
  return items.toSorted((one, other) => timeOf(one) - timeOf(other));
}

function timeOf({ lastTimestamp, firstTimestamp, metadata }: Event): number {
  return Date.parse(lastTimestamp ?? firstTimestamp ?? metadata.creationTimestamp ?? "") || 0;
}

function eventDocument({ type, reason, message, count, ...event }: Event) {
  return {
    time: new Date(timeOf({ type, reason, message, count, ...event })),
    type,
    reason,
    message,
    count: count ?? 1,
  };
}

/** What became of each stream, as the session's Job told. */
async function streamsOf(desk: ClusterDesk, { kind, metadata }: AnyObject): Promise<readonly ReportedStream[]> {
  const { name: session = "", namespace } = metadata;
  if (kind !== "BackupSession" && kind !== "RestoreSession") return [];
  const name = kind === "BackupSession" ? backupJobName(session) : restoreJobName(session);
  const map = await desk.cluster.get(configMaps, { namespace, name }, desk).catch(() => undefined);
  const Report = z.string().transform((text): unknown => JSON.parse(text));
  try {
    return SessionReport.parse(Report.parse(map?.data?.[reportKey])).streams ?? [];
  } catch {
    return [];
  }
}

function streamLines(streams: readonly ReportedStream[]): readonly string[] {
  if (streams.length === 0) return [];
  const rows = streams.map(({ stream, outcome, messages, consumers, consistency, reason }) => [
    visible(stream),
    outcome,
    messages === undefined ? "-" : formatCount(BigInt(messages)),
    consumers === undefined ? "-" : formatCount(consumers),
    consistency ?? "-",
    visibleSentence(reason ?? ""),
  ]);
  const titles = ["STREAM", "RESULT", "MESSAGES", "CONSUMERS", "EXACT", "WHY"];
  return formatTable(
    titles.map((title) => ({ title })),
    rows,
  );
}

function conditionLines(object: AnyObject): readonly string[] {
  const found = conditionsOf(object);
  const marks: Readonly<Record<string, string>> = { True: "yes", False: "no" };
  return formatFields(
    found.map(({ type, status, message }) => [
      visible(type),
      visibleSentence(`${marks[status] ?? "unknown"}${message === "" ? "" : `, ${message}`}`),
    ]),
  );
}

function eventLines(happened: readonly Event[]): readonly string[] {
  return happened.map((event) => {
    const { type, reason, message, count } = event;
    const times = count !== undefined && count !== null && count > 1 ? ` (${count} times)` : "";
    const ago = formatDuration(Date.now() - timeOf(event));
    return visibleSentence(`${ago} ago, ${type ?? "Normal"} ${reason ?? ""}: ${(message ?? "").trim()}${times}`);
  });
}
