import { counted, formatBytes, formatCount, formatTime } from "../../kit/quantities.ts";
import { type OpenedSnapshot, openSnapshot } from "../../vault/catalog.ts";
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
  const repository = await openNamedRepository(context, options, await loadProfile(context, options));
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
      ["target", visible(entry.target)],
      ["server", serverLabel(index.server.name, index.server.version)],
      ["state", entry.complete ? "complete" : `incomplete, ${counted(missing.length, "stream")} could not be saved:`],
    ]),
    ...missing,
  ];
}

function streamLines(manifests: readonly Manifest[], isVerbose: boolean): string[] {
  const rows = manifests.map(({ stream, state, consumers, consistency, segments, digest }) => [
    visible(stream),
    formatCount(state.messages),
    formatBytes(state.bytes),
    `${state.firstSequence}-${state.lastSequence}`,
    formatCount(consumers.length),
    consistency,
    formatCount(segments.length),
    isVerbose ? digest : digest.slice(0, shortDigest),
  ]);
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
