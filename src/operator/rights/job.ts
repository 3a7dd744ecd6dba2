import type { AppBinding } from "../../api/app-binding.ts";
import { jobAccountName, repositoryRoleName } from "../../api/names.ts";
import type { Repository } from "../../api/repository.ts";
import { ownedBy, type PolicyRule } from "../../kube/core.ts";
import { jobAccountOf, labelsOf } from "../executor/pod.ts";
import type { MadeObject } from "../made.ts";
import { type Invoker, namespaceOf } from "../task/target.ts";
import { buildAccount } from "./account.ts";
import { type Account, allow, allowCore, allowStatus, roleFor } from "./rule.ts";

export interface JobRightsRequest {
  readonly repository: Repository;
  readonly appBinding: AppBinding;
}

/** The account of an invoker's Jobs, owned by it: one for all its sessions. None when the user names one. */
export function buildJobAccount(invoker: Invoker): readonly MadeObject[] {
  const metadata = {
    name: jobAccountName(invoker.kind, invoker.metadata.name ?? ""),
    namespace: namespaceOf(invoker),
    labels: labelsOf(invoker),
    ownerReferences: [ownedBy(invoker)],
  };
  return buildAccount(invoker, metadata);
}

/**
 * What a session's pod may read and write for its invoker, each object by name. A Repository elsewhere is in
 * `buildFarRights`; an AppBinding elsewhere in none: its namespace did not say that it may be read from here.
 */
export function jobRules(invoker: Invoker, { repository, appBinding }: JobRightsRequest): readonly PolicyRule[] {
  const namespace = namespaceOf(invoker);
  return [
    allow(invoker.kind, ["get"], { names: [invoker.metadata.name ?? ""] }),
    ...(namespaceOf(appBinding) === namespace ? bindingRules(appBinding) : []),
    ...(namespaceOf(repository) === namespace ? repositoryRules(repository) : []),
  ];
}

/**
 * Role and RoleBinding in the namespace of a Repository that is not the invoker's. They have no owner (one cannot be in
 * another namespace): who deletes the invoker removes them.
 */
export function buildFarRights(invoker: Invoker, repository: Repository): readonly MadeObject[] {
  const own = { name: invoker.metadata.name ?? "", namespace: namespaceOf(invoker) };
  const namespace = namespaceOf(repository);
  if (namespace === own.namespace) return [];
  const account: Account = { name: jobAccountOf(invoker), namespace: own.namespace };
  const metadata = { name: repositoryRoleName(invoker.kind, own), namespace, labels: labelsOf(invoker) };
  return roleFor(metadata, repositoryRules(repository), account);
}

function bindingRules({ metadata, spec }: AppBinding): readonly PolicyRule[] {
  return [
    allow("AppBinding", ["get"], { names: [metadata.name ?? ""] }),
    ...secretRule([
      spec.secret?.name,
      spec.tlsSecret?.name,
      ...(spec.secretTransforms ?? []).map(({ addKeysFrom }) => addKeysFrom?.secretRef?.name),
    ]),
  ];
}

function repositoryRules({ metadata, spec }: Repository): readonly PolicyRule[] {
  return [...allowStatus("Repository", metadata.name ?? ""), ...secretRule([spec.backend?.storageSecretName])];
}

/** No names would be all Secrets, so none means no rule. */
function secretRule(given: readonly (string | undefined)[]): readonly PolicyRule[] {
  const names = given.filter((name): name is string => name !== undefined && name !== "");
  return names.length === 0 ? [] : [allowCore("secrets", ["get"], { names })];
}
