import { groups } from "../../api/kinds.ts";
import type { RepositoryRef } from "../../api/references.ts";
import type { RepositoryReference } from "../../api/repository.ts";
import type { Key, KubeObject } from "../../kube/resource.ts";
import type { Caches } from "../controller.ts";
import type { FullKey } from "../view/backend.ts";

/** Who names this Repository now, in one order always. What is being deleted does not count. */
export function referencesTo(
  key: Key,
  { backupConfigurations, restoreSessions }: Pick<Caches, "backupConfigurations" | "restoreSessions">,
): readonly RepositoryReference[] {
  const names = (one: Invoker) => isReference(one, key);
  const found = [...backupConfigurations.list(names), ...restoreSessions.list(names)].map(referenceOf);
  return found.sort((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1));
}

export type Invoker = KubeObject & { readonly spec: { readonly repository?: RepositoryRef | undefined } };

/** The Repository that an invoker names; undefined when it names none. */
export function repositoryOf({ metadata, spec }: Invoker): FullKey | undefined {
  const { name = "", namespace = "" } = spec.repository ?? {};
  return name === "" ? undefined : { name, namespace: namespace === "" ? (metadata.namespace ?? "") : namespace };
}

function isReference(invoker: Invoker, key: Key): boolean {
  const named = repositoryOf(invoker);
  return invoker.metadata.deletionTimestamp == null && named?.name === key.name && named.namespace === key.namespace;
}

function referenceOf({ kind, metadata }: Invoker): RepositoryReference {
  const { name = "", namespace = "" } = metadata;
  return { apiGroup: groups.stash, kind, namespace, name };
}

function sortKey({ kind = "", namespace = "", name }: RepositoryReference): string {
  return `${kind}/${namespace}/${name}`;
}

export function areSame(
  some: readonly RepositoryReference[] | undefined,
  others: readonly RepositoryReference[],
): boolean {
  const text = (list: readonly RepositoryReference[]) =>
    JSON.stringify(list.map((one) => [one.apiGroup, sortKey(one)]));
  return text(some ?? []) === text(others);
}
