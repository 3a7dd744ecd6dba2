import type { TaskFlags } from "../api/task-flags.ts";
import { Failure } from "../kit/failures.ts";
import type { RestoreWishes } from "../vault/plan.ts";
import type { NatsArgs } from "./nats-args.ts";

export type RestoreFlags = TaskFlags<"nats-restore">;

/** What a restore may do, from its params. Throws `configuration-invalid` for what contradicts itself. */
export function restoreWishes(flags: RestoreFlags, args: NatsArgs): RestoreWishes {
  refuseLater(flags, args);
  const { replicas, storage, liftLimits, inPlace } = flags;
  return {
    onConflict: conflictPolicy(flags),
    renames: readRenames(flags.rename),
    ...{ liftLimits, inPlace },
    ...(replicas === undefined ? {} : { replicas }),
    ...(storage === undefined ? {} : { storage }),
  };
}

function conflictPolicy({ overwrite, onConflict }: RestoreFlags): RestoreWishes["onConflict"] {
  if (!overwrite || onConflict === "overwrite") return onConflict ?? "fail";
  if (onConflict === undefined) return "overwrite";
  throw new Failure(
    "configuration-invalid",
    `the params overwrite=true and onConflict=${onConflict} contradict each other`,
    {
      hint: "set one of them",
    },
  );
}

/** OLD=NEW each; no stream twice. */
export function readRenames(pairs: readonly string[]): ReadonlyMap<string, string> {
  const renames = new Map<string, string>();
  for (const pair of pairs) {
    const [, before, after] = /^([^=]+)=([^=]+)$/.exec(pair) ?? [];
    if (before === undefined || after === undefined) {
      throw new Failure(
        "configuration-invalid",
        `the param rename: ${JSON.stringify(pair)} does not look like OLD=NEW`,
      );
    }
    if (renames.has(before)) throw new Failure("configuration-invalid", `the param rename names ${before} twice`);
    renames.set(before, after);
  }
  return renames;
}

/** Asked for by params that a later version understands: not to be passed over in silence. */
function refuseLater(flags: RestoreFlags, args: NatsArgs): void {
  const asked = {
    subjects: flags.subjects.length > 0,
    untilTime: flags.untilTime !== undefined,
    untilSeq: flags.untilSeq !== undefined,
    placementCluster: flags.placementCluster !== undefined || args.placementCluster !== undefined,
    placementTag: flags.placementTag.length > 0 || args.placementTags.length > 0,
  };
  const names = Object.entries(asked).flatMap(([name, isAsked]) => (isAsked ? [name] : []));
  if (names.length === 0) return;
  throw new Failure(
    "not-available-yet",
    `the param ${names.join(", ")} comes in a later version; nothing was changed`,
    {
      hint: "restore without it, into another account if need be",
    },
  );
}
