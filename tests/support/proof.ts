import { Failure } from "../../src/kit/failures.ts";
import type { Repository } from "../../src/repository/restic.ts";
import type { SnapshotEntry } from "../../src/vault/catalog.ts";
import type { Running } from "../../src/vault/progress.ts";
import { type ProofReport, prove } from "../../src/vault/prove.ts";
import { type Place, running } from "./place.ts";
import { defaultVersion, type NatsServerVersion, natsServerProgram } from "./programs.ts";

export interface ProveOptions {
  readonly repository?: Repository;
  readonly version?: NatsServerVersion;
  readonly running?: Running;
}

/** Proves a snapshot with a real scratch server in the place's folder. */
export async function proveAt(place: Place, snapshot: SnapshotEntry, options: ProveOptions = {}): Promise<ProofReport> {
  const { repository = place.repository, version = defaultVersion } = options;
  const program = natsServerProgram(version);
  if (program === undefined) throw new Error(`nats-server ${version} is missing`);
  const request = { repository, snapshot, program, env: {}, directory: place.directory };
  return await prove(request, options.running ?? running);
}

/** What a proof says against a snapshot: the problems of its streams, or the failure that it ended with. */
export async function problemsOf(place: Place, snapshot: SnapshotEntry, options: ProveOptions = {}): Promise<string[]> {
  try {
    const report = await proveAt(place, snapshot, options);
    if (report.proven) return [];
    return report.streams.flatMap(({ proven, problem }) => (proven ? [] : [problem ?? "no problem is named"]));
  } catch (error) {
    if (!Failure.is(error, "damaged", "repository-failed")) throw error;
    return [error.message];
  }
}
