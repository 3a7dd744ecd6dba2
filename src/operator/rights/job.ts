import type { AppBinding } from "../../api/app-binding.ts";
import { jobAccountName, repositoryRoleName } from "../../api/names.ts";
import type { Repository } from "../../api/repository.ts";
import { ownedBy, type PolicyRule } from "../../kube/core.ts";
import { jobAccountOf, labelsOf } from "../executor/pod.ts";
import type { MadeObject, Metadata } from "../made.ts";
import { type Invoker, namespaceOf } from "../task/target.ts";
import { buildAccount } from "./account.ts";
import { type Account, allow, allowCore, allowStatus, roleFor } from "./rule.ts";

export interface JobRightsRequest {
  readonly repository: Repository;
  readonly appBinding: AppBinding;
}

/**
 * Account, Role and RoleBinding of an invoker's Jobs: each object by name. With a Repository elsewhere also a Role and
 * RoleBinding there, which have no owner (one cannot be in another namespace): who deletes the invoker removes them.
 * An AppBinding elsewhere gets none: its namespace did not say that it may be read from here.
 */
export function buildJobRights(invoker: Invoker, request: JobRightsRequest): readonly MadeObject[] {
  const { repository, appBinding } = request;
  const namespace = namespaceOf(invoker);
  const name = jobAccountName(invoker.kind, invoker.metadata.name ?? "");
  const labels = labelsOf(invoker);
  const metadata = { name, namespace, labels, ownerReferences: [ownedBy(invoker)] };
  const account: Account = { name: jobAccountOf(invoker), namespace };
  const isNear = namespaceOf(repository) === namespace;
  const rules = [
    allow(invoker.kind, ["get"], { names: [invoker.metadata.name ?? ""] }),
    ...(namespaceOf(appBinding) === namespace ? bindingRules(appBinding) : []),
    ...(isNear ? repositoryRules(repository) : []),
  ];
  return [
    ...buildAccount(invoker, metadata),
    ...roleFor(metadata, rules, account),
    ...(isNear ? [] : roleFor(farMetadata(invoker, repository), repositoryRules(repository), account)),
  ];
}

/** Of the Role and RoleBinding in the namespace of a Repository that is not the invoker's. */
function farMetadata(invoker: Invoker, repository: Repository): Metadata {
  const own = { name: invoker.metadata.name ?? "", namespace: namespaceOf(invoker) };
  return {
    name: repositoryRoleName(invoker.kind, own),
    namespace: namespaceOf(repository),
    labels: labelsOf(invoker),
  };
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
