import pMap from "p-map";
import { describe, Failure } from "../kit/failures.ts";
import type { JetStream } from "../nats/jetstream.ts";
import { accountInfo, checkServerVersion, listConsumers, listStreams } from "../nats/streams.ts";
import type { Repository } from "../repository/restic.ts";
import { type OpenedSnapshot, openSnapshot, type SnapshotEntry } from "./catalog.ts";
import type { Manifest } from "./manifest.ts";
import {
  type DecidedStream,
  decideStream,
  openedSnapshot,
  type PlannedStream,
  type RestorePlan,
  type RestoreWishes,
  type ServerView,
} from "./plan.ts";
import { type Running, timeOf } from "./progress.ts";
import { restoreAll } from "./restore-streams.ts";
import { surveyStreams } from "./stash-snapshot.ts";
import { sortStreams } from "./swap-leftovers.ts";

export interface RestoreRequest extends RestoreWishes {
  readonly jetstream: JetStream;
  /** A connection of its own for one stream: the server reads chunks in that connection's read loop. */
  readonly connectAgain: () => Promise<JetStream>;
  readonly repository: Repository;
  readonly snapshot: SnapshotEntry;
  /** Empty: all of the snapshot. */
  readonly streams: readonly string[];
  /** Streams restored at the same time. */
  readonly parallel: number;
}

export type RestoredStream =
  | {
      readonly outcome: "restored";
      readonly stream: string;
      readonly as: string;
      readonly messages: bigint;
      readonly bytes: number;
      readonly consumers: number;
      readonly digest: string;
      readonly notes: readonly string[];
    }
  | { readonly outcome: "skipped"; readonly stream: string; readonly reason: string }
  | { readonly outcome: "failed"; readonly stream: string; readonly failure: Failure };

export interface RestoreReport {
  readonly snapshot: SnapshotEntry;
  readonly streams: readonly RestoredStream[];
  readonly durationMs: number;
}

/** What a restore would do; nothing is changed. Throws stream-not-found, snapshot-not-found. */
export async function planRestore(request: RestoreRequest, running: Running): Promise<RestorePlan> {
  const { jetstream, snapshot } = request;
  const { serverName, serverVersion } = jetstream.connection;
  checkServerVersion(jetstream.connection);
  const opened = await openWanted(request, running);
  const decided = await decide(request, opened, running);
  const streams = [
    ...decided.map(({ config: _config, manifest: _manifest, hasLeftover: _left, ...planned }) => planned),
    ...leftOut(request, opened).map(({ stream, reason }): PlannedStream => {
      const nothing = { isConflict: false, messages: 0n, bytes: 0, consumers: 0, notes: [] };
      return { ...nothing, stream, as: stream, action: "skip", reason: `it is not in the snapshot: ${reason}` };
    }),
  ];
  return { snapshot, server: serverName, serverVersion, streams, [openedSnapshot]: opened };
}

/**
 * Restores what the plan says. Throws conflict or plan-refused, before anything is changed, when a stream is refused.
 * Each stream is checked against the manifest while it is sent and compared with the server afterwards.
 */
export async function restore(request: RestoreRequest, plan: RestorePlan, running: Running): Promise<RestoreReport> {
  const started = timeOf(running);
  const refused = plan.streams.filter(({ action }) => action === "refuse");
  if (refused.length > 0) throw refusal(refused);
  // decided again on what the server has now; a stream that appeared since the plan is refused, nothing was changed yet
  const decided = refuseUnplanned(plan, await decide(request, plan[openedSnapshot], running));
  const refusedNow = decided.filter(({ action }) => action === "refuse");
  if (refusedNow.length > 0) throw refusal(refusedNow);
  const wanted = decided.filter(({ action }) => action !== "skip");
  const restored = await restoreAll(request, wanted, running);
  const byName = new Map(restored.map((result) => [result.stream, result]));
  const streams = decided.map(
    ({ stream, reason }): RestoredStream => byName.get(stream) ?? { outcome: "skipped", stream, reason: reason ?? "" },
  );
  for (const { stream, reason } of leftOut(request, plan[openedSnapshot])) {
    const message = `restoring ${stream}: it is not in snapshot ${request.snapshot.shortId}: ${reason}`;
    const hint = "choose another snapshot for it: see coldstream snapshots";
    streams.push({ outcome: "failed", stream, failure: new Failure("snapshot-incomplete", message, { hint }) });
  }
  return { snapshot: request.snapshot, streams, durationMs: timeOf(running).getTime() - started.getTime() };
}

/** The snapshot with all that a plan needs to know. An archive of Stash that is damaged counts as left out when all are wanted. */
async function openWanted(request: RestoreRequest, { signal }: Running): Promise<OpenedSnapshot> {
  const { repository, snapshot, streams, parallel } = request;
  const opened = await openSnapshot(repository, snapshot, { signal });
  if (snapshot.stash === undefined) return opened;
  const failed = [...opened.index.failed];
  const survey = async (manifest: Manifest) => {
    if (streams.length > 0 && !streams.includes(manifest.stream)) return [manifest];
    try {
      return await surveyStreams(repository, snapshot, [manifest], { signal, parallel: 1 });
    } catch (error) {
      if (streams.length > 0 || !Failure.is(error, "damaged")) throw error;
      failed.push({ stream: manifest.stream, reason: describe(error) });
      return [];
    }
  };
  const manifests = (await pMap(opened.manifests, survey, { concurrency: parallel })).flat();
  return { ...opened, manifests, index: { ...opened.index, failed } };
}

/** Nobody agreed to replace a stream that was not there when the plan was made. */
function refuseUnplanned({ streams }: RestorePlan, decided: readonly DecidedStream[]): DecidedStream[] {
  const planned = new Map(streams.map(({ stream, action }) => [stream, action]));
  return decided.map((one) =>
    one.action === "overwrite" && planned.get(one.stream) === "restore"
      ? { ...one, action: "refuse", isConflict: true, reason: `stream ${one.as} was made since the plan` }
      : one,
  );
}

/** Who wants all of a snapshot wants these too: their backup failed. */
function leftOut({ streams }: RestoreRequest, { index }: OpenedSnapshot): OpenedSnapshot["index"]["failed"] {
  return streams.length === 0 ? index.failed : [];
}

async function decide(request: RestoreRequest, opened: OpenedSnapshot, running: Running): Promise<DecidedStream[]> {
  const { snapshot, streams, renames } = request;
  const known = new Map(opened.manifests.map((manifest) => [manifest.stream, manifest]));
  const unknown = [...streams, ...renames.keys()].find((stream) => !known.has(stream));
  if (unknown !== undefined) {
    const reason = opened.index.failed.find(({ stream }) => stream === unknown)?.reason;
    throw new Failure(
      "stream-not-found",
      `restoring from snapshot ${snapshot.shortId}: stream ${unknown} is not in it${reason === undefined ? "" : `: ${reason}`}`,
      {
        hint: `list what is there with: coldstream show ${snapshot.shortId}`,
      },
    );
  }
  const chosen =
    streams.length === 0 ? opened.manifests : opened.manifests.filter(({ stream }) => streams.includes(stream));
  const view = await lookAround(request, chosen, running);
  return refuseSharedNames(chosen.map((manifest) => decideStream(manifest, view, request)));
}

/** What the decisions depend on; of streams that may be replaced more is asked. */
async function lookAround(
  { jetstream, onConflict, snapshot, renames }: RestoreRequest,
  chosen: readonly Manifest[],
  running: Running,
): Promise<ServerView> {
  const { signal } = running;
  const { streams, temporary } = sortStreams(await listStreams(jetstream, { signal }));
  const view = { streams, temporary, now: timeOf(running), snapshot: snapshot.id };
  if (onConflict !== "overwrite") return view;
  const wanted = new Set(chosen.map(({ stream }) => renames.get(stream) ?? stream));
  const replaced = streams.map(({ config }) => String(config.name)).filter((name) => wanted.has(name));
  if (replaced.length === 0) return view;
  const listed = await pMap(replaced, (name) => listConsumers(jetstream, name, { signal, onMissing }), {
    concurrency: 8,
  });
  const consumers = new Map(replaced.map((name, index) => [name, listed[index] ?? []]));
  return { ...view, consumers, account: await accountInfo(jetstream, { signal }) };
}

/** A consumer whose leader is away goes with its stream all the same. */
function onMissing(): void {}

/** Two streams of one restore that would get the same name are both refused. */
function refuseSharedNames(decided: readonly DecidedStream[]): DecidedStream[] {
  const counts = Map.groupBy(decided, ({ as }) => as);
  return decided.map((one) =>
    (counts.get(one.as)?.length ?? 0) > 1
      ? { ...one, action: "refuse", isConflict: false, reason: `two streams would be named ${one.as}` }
      : one,
  );
}

function refusal(refused: readonly PlannedStream[]): Failure {
  const [first] = refused;
  const isConflict = refused.every((stream) => stream.isConflict);
  const others = refused.length > 1 ? ` (and ${refused.length - 1} more)` : "";
  return new Failure(
    isConflict ? "conflict" : "plan-refused",
    `restoring ${first?.stream}: ${first?.reason}${others}; nothing was changed`,
  );
}
