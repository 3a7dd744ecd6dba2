import { counted, formatBytes, formatCount, formatTime } from "../../kit/quantities.ts";
import { type OpenedSnapshot, openSnapshot, type SnapshotEntry, targetLabel } from "../../vault/catalog.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { chooseSnapshot } from "../choose-snapshot.ts";
import type { CommandContext } from "../command.ts";
import type { ShowOptions } from "../commands/show.ts";
import { loadProfile } from "../profile.ts";
import { noteLines, serverLabel, snapshotDocument } from "../report-text.ts";
import { openNamedRepository } from "../repository-session.ts";
import { formatFields, formatTable } from "../table.ts";
import { visible, visibleSentence } from "../visible.ts";

/** Enough of a digest to tell two apart; all of it is in JSON and with --verbose. */
const shortDigest = 16;

export async function showSnapshot(
  context: CommandContext,
  options: ShowOptions,
  [reference = "latest"]: readonly string[],
): Promise<undefined> {
  const { printer } = context;
  await using repository = await openNamedRepository(context, options, await loadProfile(context, options));
  const entry = await chooseSnapshot(repository, reference, { target: options.target }, context);
  const opened = await openSnapshot(repository, entry, context);
  printer.lines(...snapshotFields(opened), "", ...streamLines(opened.manifests, printer.verbose));
  printer.document({
    snapshot: snapshotDocument(entry),
    server: opened.index.server,
    failed: opened.index.failed,
    streams: opened.manifests.map(streamDocument),
  });
}

function snapshotFields({ entry, index }: OpenedSnapshot): string[] {
  const missing = index.failed.map(({ stream, reason }) => `  ${visible(stream)}: ${visibleSentence(reason)}`);
  return [
    ...formatFields([
      ["snapshot", entry.id],
      ["time", formatTime(entry.time)],
      ["target", visible(targetLabel(entry))],
      ["server", entry.stash === undefined ? serverLabel(index.server.name, index.server.version) : "unknown"],
      ["layout", entry.stash === undefined ? "coldstream" : "stash"],
      ["state", stateOf(entry, missing.length)],
    ]),
    ...missing,
  ];
}

function stateOf({ complete, stash }: SnapshotEntry, missing: number): string {
  if (complete && missing === 0) return "complete";
  const what = stash === undefined ? "could not be saved" : "cannot be read";
  return `incomplete, ${counted(missing, "stream")} ${what}:`;
}

/** What only the archive itself knows, of a dump that was not read. */
const unread = "-";

function streamLines(manifests: readonly Manifest[], isVerbose: boolean): string[] {
  const rows = manifests.map((manifest) => {
    const { stream, state, consumers, reference, consistency, segments, digest } = manifest;
    const isRead = digest !== "";
    return [
      visible(stream),
      formatCount(state.messages),
      formatBytes(state.bytes),
      `${state.firstSequence}-${state.lastSequence}`,
      formatCount(isRead ? consumers.length : Number(reference.consumer_count ?? 0n)),
      isRead ? consistency : unread,
      isRead ? formatCount(segments.length) : unread,
      isRead ? (isVerbose ? digest : digest.slice(0, shortDigest)) : unread,
    ];
  });
  const table = formatTable(
    [
      { title: "STREAM" },
      { title: "MESSAGES", align: "right" },
      { title: "SIZE", align: "right" },
      { title: "SEQUENCES" },
      { title: "CONSUMERS", align: "right" },
      { title: "EXACT" },
      { title: "SEGMENTS", align: "right" },
      { title: "DIGEST" },
    ],
    rows,
  );
  const notes = manifests.map(({ stream, consumers }) => ({
    stream,
    notes: consumers.flatMap((consumer) => consumer.notes.map((note) => `consumer ${consumer.name}: ${note}`)),
  }));
  return [...table, ...noteLines(notes)];
}

function streamDocument(manifest: Manifest) {
  const { stream, created, config, server, strategy, why, consistency, state, digest, indexDigest } = manifest;
  return {
    stream,
    created,
    config,
    server,
    strategy,
    why,
    consistency,
    state,
    digest,
    indexDigest,
    segments: manifest.segments.length,
    consumers: manifest.consumers.map(({ name, exact, notes, state: { delivered, ackFloor, pending } }) => ({
      name,
      exact,
      notes,
      delivered,
      ackFloor,
      pending: pending.length,
    })),
  };
}
