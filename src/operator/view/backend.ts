import { type Provider, providersOf } from "../../api/backend.ts";
import type { ConditionNews } from "../../api/condition.ts";
import { invokerConditions } from "../../api/condition-types.ts";
import type { Repository } from "../../api/repository.ts";
import { type Referrer, refusalOf } from "../repository/usage-policy.ts";
import type { SecretView } from "./secret.ts";

/** What an invoker finds when it looks for its Repository; the same for backups and restores. All pure. */

/** Of an object that lies in a namespace. */
export interface FullKey {
  readonly namespace: string;
  readonly name: string;
}

/** A Repository that is being deleted counts as missing. */
export function usable(repository: Repository | undefined): Repository | undefined {
  return repository?.metadata.deletionTimestamp == null ? repository : undefined;
}

export function repositoryFound(
  repository: Repository | undefined,
  { namespace, name }: FullKey,
): ConditionNews & { readonly status: "True" | "False" } {
  const reasons = invokerConditions.RepositoryFound;
  const news = { type: "RepositoryFound" } as const;
  if (usable(repository) !== undefined)
    return { ...news, status: "True", reason: reasons.true, message: `Repository ${namespace}/${name} exists.` };
  const why = repository === undefined ? "does not exist: create it, or correct spec.repository" : "is being deleted";
  return { ...news, status: "False", reason: reasons.false, message: `Repository ${namespace}/${name} ${why}.` };
}

/** The storage Secret and the keys in it without which no program can open the repository. */
export function secretFound(repository: Repository, secret: SecretView | undefined): ConditionNews {
  const reasons = invokerConditions.BackendSecretFound;
  const type = "BackendSecretFound";
  const no = (message: string) => ({ type, status: "False", reason: reasons.false, message }) as const;
  const { namespace = "", name = "" } = repository.metadata;
  const secretName = repository.spec.backend?.storageSecretName;
  if (secretName === undefined || secretName === "" || secret === undefined)
    return no(`Repository ${namespace}/${name} names no Secret: set its spec.backend.storageSecretName.`);
  const title = `Secret ${namespace}/${secretName}`;
  switch (secret.state) {
    case "missing":
      return no(`${title} does not exist: create it with RESTIC_PASSWORD and the backend's keys.`);
    case "unknown":
      return {
        type,
        status: "Unknown",
        reason: reasons.unknown,
        message: `${title} could not be read: ${secret.why}.`,
      };
    case "found": {
      const missing = demandedKeys(repository).filter((key) => !secret.keys.includes(key));
      if (missing.length > 0)
        return no(`${title} has no ${missing.join(", ")}: add the missing ${plural(missing)} to it.`);
      return { type, status: "True", reason: reasons.true, message: `${title} exists.` };
    }
    default:
      throw new Error(`unknown view ${secret satisfies never}`);
  }
}

function plural({ length }: readonly string[]): string {
  return length === 1 ? "key" : "keys";
}

/** Keys that may be left out where the cloud gives an identity (S3, GCS, Azure) are not demanded. */
const demanded: Readonly<Partial<Record<Provider, readonly string[]>>> = { b2: ["B2_ACCOUNT_ID", "B2_ACCOUNT_KEY"] };

function demandedKeys({ spec }: Repository): readonly string[] {
  return ["RESTIC_PASSWORD", ...providersOf(spec.backend).flatMap((provider) => demanded[provider] ?? [])];
}

/** Why this Repository cannot be used from there, in a sentence; undefined when it can. */
export function repositoryMistake(repository: Repository, referrer: Referrer): string | undefined {
  const { namespace = "", name = "" } = repository.metadata;
  const title = `Repository ${namespace}/${name}`;
  const refusal = refusalOf(repository.spec.usagePolicy, namespace, referrer);
  if (refusal !== undefined) return `${title} may not be used from namespace ${referrer.namespace}: ${refusal}.`;
  const providers = providersOf(repository.spec.backend);
  if (providers.length === 1) return undefined;
  return providers.length === 0
    ? `${title} does not say where the backups lie: set one of local, s3, gcs, azure, swift, b2 or rest in its spec.backend.`
    : `${title} names more than one place (${providers.join(", ")}): leave one of them in its spec.backend.`;
}
