import { counted, formatBytes, formatCount, formatDuration, formatTime } from "../kit/quantities.ts";
import type { RestorePlan } from "../vault/plan.ts";
import type { RestoredStream, RestoreReport } from "../vault/restore.ts";
import { failureMessage } from "./failure-text.ts";
import { noteLines, serverLabel } from "./report-text.ts";
import { type Column, formatTable } from "./table.ts";
import { visible, visibleSentence } from "./visible.ts";

const columns: readonly Column[] = [
  { title: "STREAM" },
  { title: "AS" },
  { title: "MESSAGES", align: "right" },
  { title: "SIZE", align: "right" },
  { title: "CONSUMERS", align: "right" },
];

/** What a restore would do. */
export function planLines({ snapshot, server, serverVersion, streams }: RestorePlan, address: string): string[] {
  const rows = streams.map(({ stream, as, messages, bytes, consumers, action, reason }) => [
    visible(stream),
    visible(as),
    formatCount(messages),
    formatBytes(bytes),
    formatCount(consumers),
    reason === undefined ? action : `${action}: ${visibleSentence(reason)}`,
  ]);
  return [
    `snapshot ${snapshot.shortId} of ${formatTime(snapshot.time)} to ${visible(address)}, ${serverLabel(server, serverVersion)}`,
    "",
    ...formatTable([...columns, { title: "ACTION" }], rows),
    ...noteLines(streams),
  ];
}

/** What a restore did. */
export function restoreLines({ snapshot, streams, durationMs }: RestoreReport): string[] {
  const restored = streams.filter((stream) => stream.outcome === "restored");
  const messages = restored.reduce((sum, stream) => sum + stream.messages, 0n);
  return [
    ...formatTable([...columns, { title: "RESULT" }], streams.map(restoredRow)),
    ...noteLines(streams),
    "",
    `${counted(restored.length, "stream")}, ${counted(messages, "message")} restored from snapshot ${snapshot.shortId} in ${formatDuration(durationMs)}`,
  ];
}

function restoredRow(stream: RestoredStream): string[] {
  const name = visible(stream.stream);
  switch (stream.outcome) {
    case "restored": {
      const { as, messages, bytes, consumers } = stream;
      return [name, visible(as), formatCount(messages), formatBytes(bytes), formatCount(consumers), "restored"];
    }
    case "skipped":
      return [name, "-", "-", "-", "-", `skipped: ${visibleSentence(stream.reason)}`];
    case "failed":
      return [name, "-", "-", "-", "-", `failed: ${failureMessage(stream.failure)}`];
    default:
      throw new Error(`unknown outcome ${stream satisfies never}`);
  }
}
