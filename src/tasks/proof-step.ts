import type { ConditionNews } from "../api/condition.ts";
import { targetConditions } from "../api/condition-types.ts";
import { Failure } from "../kit/failures.ts";
import { findProgram } from "../kit/program.ts";
import { counted } from "../kit/quantities.ts";
import { isProof, isPublished, readTags } from "../repository/published.ts";
import type { Repository, Snapshot } from "../repository/restic.ts";
import { resolveSnapshot } from "../vault/catalog.ts";
import { prove } from "../vault/prove.ts";
import type { TaskContext } from "./context.ts";
import { sentenceOf } from "./failure-sentence.ts";

export type ProofWish = "Always" | "Daily" | "Never";

export interface ProofRequest {
  readonly repository: Repository;
  /** Full id of what was just saved. */
  readonly snapshot: string;
  readonly target: string;
  readonly invoker: string;
  readonly wish: ProofWish;
  /** For the scratch server's store. */
  readonly directory: string;
}

export interface ProofResult {
  /** One sentence for the condition that says what was saved. */
  readonly note?: string;
  /** undefined: nobody asked for it. */
  readonly condition?: ConditionNews & { readonly type: "BackupProven" };
  /** What is stored is not what was saved. */
  readonly disproof?: Failure;
  /** When it was compared; undefined when it could not be. */
  readonly provenAt?: Date;
}

const dayMs = 24 * 3600 * 1000;

/**
 * Restores what was saved into a nats-server of our own and compares, when the param `proof` asks for it. That it is saved
 * holds whatever comes of this; only a difference is a failure.
 */
export async function proveBackup(context: TaskContext, request: ProofRequest): Promise<ProofResult> {
  const { signal, environment, now } = context;
  const { repository, snapshot, wish, directory } = request;
  if (wish === "Never") return {};
  if (wish === "Daily" && isProvenToday(await repository.snapshots({}, { signal }), request, now())) return {};
  try {
    const { PATH = "" } = environment.variables;
    const program = await findProgram("nats-server", PATH);
    if (program === undefined) return unproven("there is no nats-server in this image");
    const entry = await resolveSnapshot(repository, snapshot, {}, context);
    const env = { PATH, HOME: directory, TMPDIR: directory };
    const report = await prove({ repository, snapshot: entry, program, directory, env }, context);
    const differing = report.streams.filter(({ proven }) => !proven);
    const provenAt = now();
    if (differing.length === 0) {
      const note = `proven on nats-server ${report.serverVersion}`;
      return { provenAt, note, condition: conditionOf("True", note) };
    }
    const why = differing.map(({ stream, problem }) => `${stream} (${problem ?? "it differs"})`).join(", ");
    const what = `snapshot ${snapshot.slice(0, 8)} is saved, but ${counted(differing.length, "stream")} of it did not come back: ${why}`;
    const disproof = new Failure("not-proven", what, { hint: "do not rely on it; check the repository" });
    return { provenAt, disproof, condition: conditionOf("False", sentenceOf(disproof)) };
  } catch (error) {
    signal.throwIfAborted();
    return unproven(sentenceOf(Failure.from(error)));
  }
}

function unproven(why: string): ProofResult {
  const note = `it was not proven: ${why}`;
  return { note, condition: conditionOf("Unknown", note) };
}

function conditionOf(status: ConditionNews["status"], message: string): NonNullable<ProofResult["condition"]> {
  const { true: proven, false: differs, unknown } = targetConditions.BackupProven;
  const reason = { True: proven, False: differs, Unknown: unknown }[status];
  return { type: "BackupProven", status, reason, message };
}

/** Whether a backup of this target and invoker was proven within a day. */
export function isProvenToday(
  snapshots: readonly Pick<Snapshot, "id" | "host" | "tags" | "time">[],
  { target, invoker }: Pick<ProofRequest, "target" | "invoker">,
  now: Date,
): boolean {
  const own = new Set(
    snapshots
      .filter(isPublished)
      .filter(({ tags }) => readTags(tags).target === target && readTags(tags).invoker === invoker)
      .map(({ id }) => `snapshot=${id}`),
  );
  return snapshots
    .filter((each) => isProof(each) && each.tags.includes("proven") && now.getTime() - each.time.getTime() < dayMs)
    .some(({ tags }) => tags.some((tag) => own.has(tag)));
}
