import { sessionConditions } from "../api/condition-types.ts";
import { actions } from "../api/labels.ts";
import { describe, Failure } from "../kit/failures.ts";
import { formatTime } from "../kit/quantities.ts";
import { keyText } from "../kube/resource.ts";
import { isFinal } from "../repository/outcome.ts";
import type { TaskContext } from "./context.ts";
import { sentenceOf } from "./failure-sentence.ts";
import type { RepositoryAccess } from "./repository-access.ts";
import type { Session } from "./session.ts";
import { patiently } from "./waiting.ts";

const reasons = sessionConditions.BackendRepositoryInitialized;

/**
 * Sees that the repository is there: makes one only where restic says that there is none and there never was one. What came of
 * it stands in the session's condition, also while the place cannot be reached and is tried again.
 */
export async function ensureRepository(
  context: TaskContext,
  {
    access,
    session,
    waitMs,
  }: { readonly access: RepositoryAccess; readonly session: Session; readonly waitMs: number },
): Promise<void> {
  const say = (status: "True" | "False" | "Unknown", reason: string, message: string) =>
    session.setCondition({ type: "BackendRepositoryInitialized", status, reason, message });
  try {
    const message = await patiently(() => probe(context, access, session), {
      waitMs,
      isPassing: isPlaceComing,
      onTrouble: (failure, giveUpAt) =>
        say("Unknown", reasons.unknown, `${sentenceOf(failure)}; trying until ${formatTime(giveUpAt)}`),
      ...context,
    });
    await say("True", reasons.true, message);
  } catch (error) {
    context.signal.throwIfAborted();
    const failure = Failure.from(error);
    await say("False", reasons.false, sentenceOf(failure));
    throw failure;
  }
}

/** A refused key stays refused; restic's own words tell them apart. */
export function isPlaceComing(failure: Failure): boolean {
  return failure.code === "repository-unreachable" && !isFinal(describe(failure));
}

async function probe({ signal }: TaskContext, access: RepositoryAccess, session: Session): Promise<string> {
  const { restic, key } = access;
  if ((await restic.probe({ signal })) === "present") return `the repository of ${keyText(key)} is there`;
  refuseInitialization(access, session);
  try {
    await restic.initialize({ signal });
  } catch (error) {
    // another session of the same Repository was quicker
    if (!Failure.is(error, "repository-exists")) throw error;
  }
  return `made a new repository for ${keyText(key)}`;
}

/** One that was used and is not there is lost, or looked for in the wrong place: a new one would hide that. */
function refuseInitialization({ key, object, restic }: RepositoryAccess, session: Session): void {
  const last = object.status?.lastBackupTime ?? object.status?.firstBackupTime;
  if (last !== undefined) {
    const message = `there is no repository at ${restic.url}, though Repository ${keyText(key)} had a backup at ${last}`;
    throw new Failure("repository-absent", message, {
      hint: "see that its volume or bucket is the right one; to begin anew, delete the Repository and make it again",
    });
  }
  if (session.preActions.includes(actions.initialize)) return;
  throw new Failure("repository-absent", `there is no repository at ${restic.url}, and this session may not make one`);
}
