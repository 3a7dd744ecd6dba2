import { counted, formatBytes, formatCount, formatDuration, formatTime } from "../kit/quantities.ts";
import type { BackupReport, PlannedCapture, StreamReport } from "../vault/backup.ts";
import { type SnapshotEntry, targetLabel } from "../vault/catalog.ts";
import { failureMessage } from "./failure-text.ts";
import { type Column, formatTable } from "./table.ts";
import { visible, visibleSentence } from "./visible.ts";

/** What a backup did, for people. */
export function backupLines(report: BackupReport): string[] {
  const saved = report.streams.filter((stream) => stream.outcome === "saved");
  const messages = saved.reduce((sum, stream) => sum + stream.messages, 0n);
  const columns: Column[] = [
    { title: "STREAM" },
    { title: "MESSAGES", align: "right" },
    { title: "SIZE", align: "right" },
    { title: "CONSUMERS", align: "right" },
    { title: "RESULT" },
  ];
  const state = report.complete ? "saved" : "saved, but incomplete";
  const figures = `${counted(saved.length, "stream")}, ${counted(messages, "message")}`;
  const cost = `${formatBytes(report.bytesRead)} read, ${formatBytes(report.bytesAdded)} stored in ${formatDuration(report.durationMs)}`;
  return [
    ...formatTable(columns, report.streams.map(savedRow)),
    ...noteLines(report.streams),
    "",
    ...(report.repositoryCreated ? ["the repository was made"] : []),
    `snapshot ${report.shortId} ${state}: ${figures}; ${cost}`,
    ...report.notes.map((note) => `  ${visibleSentence(note)}`),
  ];
}

function savedRow(stream: StreamReport): string[] {
  const name = visible(stream.stream);
  if (stream.outcome === "failed") return [name, "-", "-", "-", `failed: ${failureMessage(stream.failure)}`];
  const { messages, bytes, consumers, consistency } = stream;
  return [name, formatCount(messages), formatBytes(bytes), formatCount(consumers), `saved, ${consistency}`];
}

/** `  ORDERS: consumer x: ...` for every note of every stream. */
export function noteLines(
  streams: readonly { readonly stream: string; readonly notes?: readonly string[] }[],
): string[] {
  return streams.flatMap(({ stream, notes = [] }) =>
    notes.map((note) => `  ${visible(stream)}: ${visibleSentence(note)}`),
  );
}

/** What a backup would save. */
export function capturePlanLines(plan: readonly PlannedCapture[]): string[] {
  const columns: Column[] = [
    { title: "STREAM" },
    { title: "MESSAGES", align: "right" },
    { title: "SIZE", align: "right" },
    { title: "CONSUMERS", align: "right" },
    { title: "STORAGE" },
  ];
  return formatTable(
    columns,
    plan.map(({ stream, messages, bytes, consumers, storage }) => [
      visible(stream),
      formatCount(messages),
      formatBytes(bytes),
      formatCount(consumers),
      storage,
    ]),
  );
}

/** The list of snapshots; `last`: a column more at the end. */
export function snapshotLines(
  entries: readonly SnapshotEntry[],
  last?: { readonly title: string; readonly cell: (entry: SnapshotEntry) => string },
): string[] {
  const columns: Column[] = [
    { title: "SNAPSHOT" },
    { title: "TIME" },
    { title: "TARGET" },
    { title: "STREAMS" },
    { title: "SIZE", align: "right" },
    { title: "STATE" },
    ...(last === undefined ? [] : [{ title: last.title }]),
  ];
  return formatTable(
    columns,
    entries.map((entry) => [
      entry.shortId,
      formatTime(entry.time),
      visible(targetLabel(entry)),
      entry.stash === undefined ? selection(entry.streams) : "-",
      entry.bytes === undefined ? "-" : formatBytes(entry.bytes),
      entry.complete ? "complete" : "incomplete",
      ...(last === undefined ? [] : [last.cell(entry)]),
    ]),
  );
}

/** A snapshot in JSON output; `streams` is null for all of the account. */
export function snapshotDocument(entry: SnapshotEntry) {
  const { stash, ...rest } = entry;
  const layout = stash === undefined ? "coldstream" : "stash";
  return { ...rest, target: targetLabel(entry), streams: entry.streams ?? null, bytes: entry.bytes ?? null, layout };
}

/** Servers without a name call themselves by their key, which tells a person nothing. */
export function serverLabel(name: string, version: string): string {
  const program = `nats-server ${visible(version)}`;
  return name === "" || /^N[A-Z2-7]{55}$/.test(name) ? program : `${visible(name)} (${program})`;
}

/** `all`, `ORDERS, EVENTS`, `ORDERS, EVENTS and 7 more`. */
function selection(streams: readonly string[] | undefined): string {
  if (streams === undefined) return "all";
  const names = streams.slice(0, 3).map(visible).join(", ");
  return streams.length > 3 ? `${names} and ${streams.length - 3} more` : names;
}
