import { counted, formatBytes, formatCount } from "../kit/quantities.ts";
import { StreamConfig, type StreamInfo } from "../nats/stream.ts";
import type { BackupReport } from "../vault/backup.ts";
import { formatTable } from "./table.ts";
import type { TryPlace } from "./try-repository.ts";
import { visible } from "./visible.ts";

export interface FoundStream {
  readonly stream: string;
  readonly kind: "stream" | "key-value bucket" | "object store";
  readonly messages: bigint;
  readonly bytes: bigint;
  readonly consumers: bigint;
}

/** Buckets and object stores are streams with names of their own (ADR-8, ADR-20). */
export function foundStream({ config, state }: StreamInfo): FoundStream {
  const { name } = StreamConfig.parse(config);
  const kind = name.startsWith("KV_") ? "key-value bucket" : name.startsWith("OBJ_") ? "object store" : "stream";
  return { stream: name, kind, messages: state.messages, bytes: state.bytes, consumers: state.consumer_count };
}

export function foundLines(
  found: readonly FoundStream[],
  { server, version }: { readonly server: string; readonly version: string },
): string[] {
  const kinds = (["stream", "key-value bucket", "object store"] as const)
    .map((kind) => ({ kind, count: found.filter((stream) => stream.kind === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => counted(count, kind));
  const messages = found.reduce((sum, stream) => sum + stream.messages, 0n);
  const bytes = found.reduce((sum, stream) => sum + stream.bytes, 0n);
  const rows = found.map((stream) => [
    visible(stream.stream),
    stream.kind,
    formatCount(stream.messages),
    formatBytes(stream.bytes),
    formatCount(stream.consumers),
  ]);
  const columns = [
    { title: "FOUND" },
    { title: "KIND" },
    { title: "MESSAGES", align: "right" },
    { title: "SIZE", align: "right" },
    { title: "CONSUMERS", align: "right" },
  ] as const;
  return [
    ...formatTable(columns, rows),
    "",
    `${kinds.join(", ")} with ${counted(messages, "message")} (${formatBytes(bytes)}) at ${visible(server)}, nats-server ${visible(version)}`,
  ];
}

/** What to type next; with variables, so that each line can be copied as it is. */
export function nextLines({
  place,
  report,
  isProven,
  server,
}: {
  /** As the person named it, if so. */
  readonly server: string | undefined;
  readonly place: TryPlace;
  readonly report: BackupReport;
  readonly isProven: boolean;
}): string[] {
  const url = place.place.kind === "url" ? place.place.url : place.place.path;
  const variables = [`export RESTIC_REPOSITORY=${shellWord(url)}`];
  if (place.passwordFile !== undefined) {
    variables.push(`export RESTIC_PASSWORD_FILE=${shellWord(place.passwordFile)}`);
  }
  // a server's address may hold a password, which is not for copying around
  if (server !== undefined && !server.includes("@")) variables.push(`export NATS_URL=${shellWord(server)}`);
  const keep =
    place.passwordFile === undefined
      ? []
      : [`keep ${visible(place.passwordFile)} safe: without it the backup cannot be read`, ""];
  return [
    ...keep,
    "what to type next:",
    ...variables.map((line) => `  ${line}`),
    `  coldstream show ${report.shortId}`,
    "  coldstream backup                       again; only what changed is stored",
    "  coldstream restore --all --dry-run      what a restore would do",
    ...(isProven ? [] : ["  coldstream prove                        when nats-server is installed"]),
  ];
}

function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
