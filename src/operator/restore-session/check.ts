import { type ConditionNews, statusOf } from "../../api/condition.ts";
import type { Repository } from "../../api/repository.ts";
import type { RestoreSession } from "../../api/restore-session.ts";
import type { Referrer } from "../repository/usage-policy.ts";
import { newsOf } from "../session/news.ts";
import { ruleMistakes } from "../task/rules.ts";
import { type FullKey, repositoryFound, repositoryMistake, secretFound, usable } from "../view/backend.ts";
import type { SecretView } from "../view/secret.ts";

/** Whether a restore may run: what it needs is there, and makes sense. Pure. */

export interface Needs {
  readonly session: RestoreSession;
  /** undefined when spec.repository is. */
  readonly repositoryKey: FullKey | undefined;
  readonly repository: Repository | undefined;
  /** undefined when no Secret is named. */
  readonly secret: SecretView | undefined;
  readonly referrer: Referrer;
  /** undefined when the target is no AppBinding with a name. */
  readonly targetKey: FullKey | undefined;
  readonly isTargetThere: boolean;
  /** Why no Job could be made of its Task; asked when all else is there. */
  readonly taskMistake: string | undefined;
}

export interface Checked {
  /** In the order in which things were looked for; it ends with the first that stands in the way. */
  readonly findings: readonly ConditionNews[];
  readonly isFit: boolean;
}

/** What is wrong in the object itself comes first: no waiting mends it. */
export function check(needs: Needs): Checked {
  const { session, repositoryKey, repository, secret, referrer } = needs;
  const own = mistakeOf(session);
  if (own !== undefined) return { findings: [invalid(own)], isFit: false };
  if (repositoryKey === undefined) return { findings: [noRepository], isFit: false };
  const findings: ConditionNews[] = [...mended(session), repositoryFound(repository, repositoryKey)];
  const found = usable(repository);
  if (found === undefined) return { findings, isFit: false };
  // Before its Secret: who may not use a Repository need not know more of it.
  const refusal = repositoryMistake(found, referrer);
  if (refusal !== undefined) return { findings: [...findings, invalid(refusal)], isFit: false };
  const keys = secretFound(found, secret);
  findings.push(keys);
  if (keys.status !== "True") return { findings, isFit: false };
  return withTarget(needs, findings);
}

/** What was wrong is right now, though more may be found later. */
function mended({ status }: RestoreSession): readonly ConditionNews[] {
  return statusOf(status?.conditions, "ValidationPassed") === "False" ? [valid] : [];
}

function withTarget({ targetKey, isTargetThere, taskMistake }: Needs, before: readonly ConditionNews[]): Checked {
  const title = `AppBinding ${targetKey?.namespace}/${targetKey?.name}`;
  const target = isTargetThere
    ? newsOf("RestoreTargetFound", "True", `${title} exists.`)
    : newsOf("RestoreTargetFound", "False", `${title} does not exist: create it, or correct spec.target.ref.`);
  const mistake = isTargetThere ? taskMistake : undefined;
  const validation = mistake === undefined ? valid : invalid(mistake);
  return { findings: [...before, validation, target], isFit: isTargetThere && mistake === undefined };
}

const valid = newsOf("ValidationPassed", "True", "The RestoreSession is valid.");
const noRepository = newsOf(
  "RepositoryFound",
  "False",
  "spec.repository is missing: name the Repository to restore from.",
);

function invalid(message: string): ConditionNews {
  return newsOf("ValidationPassed", "False", message);
}

/** The first mistake of the object alone, in a sentence that says what to do. */
function mistakeOf({ spec }: RestoreSession): string | undefined {
  if (spec.driver !== "Restic")
    return `spec.driver ${spec.driver} is not possible for NATS: leave it out, or say Restic.`;
  const wanted = "the AppBinding (appcatalog.appscode.com/v1alpha1) of the NATS to restore to";
  const { apiVersion, kind = "AppBinding", name = "" } = spec.target?.ref ?? {};
  if (name === "") return `spec.target.ref is missing: name ${wanted}.`;
  if (kind !== "AppBinding" || apiVersion?.startsWith("appcatalog.appscode.com/") === false)
    return `spec.target.ref names a ${kind}${apiVersion === undefined ? "" : ` (${apiVersion})`}, to which nothing can be restored here: name ${wanted}.`;
  const [mistake] = ruleMistakes(spec);
  return mistake === undefined ? undefined : `${mistake}.`;
}

/** Secrets are not watched, so that someone must look again: soon after a mistake was made, then less often. */
export function recheckAfterMs({ status }: RestoreSession, now: Date): number {
  const changes = (status?.conditions ?? []).map(({ lastTransitionTime }) => Date.parse(lastTransitionTime));
  const quietMs = changes.length === 0 ? 0 : now.getTime() - Math.max(...changes);
  return Math.min(60_000, Math.max(5000, quietMs / 2));
}
