import type { LabelSelector } from "../../api/kubernetes.ts";
import type { UsagePolicy } from "../../api/repository.ts";

/** A namespace that wants to use a Repository. */
export interface Referrer {
  readonly namespace: string;
  /** Of the Namespace object; undefined when it is not known. */
  readonly labels: Readonly<Record<string, string>> | undefined;
}

/**
 * Whether a Repository's usagePolicy lets a namespace use it; if not, why. As in Stash: a selector must match the
 * Repository's own namespace too, and a policy that says nothing lets nobody in.
 */
export function refusalOf(
  policy: UsagePolicy | undefined,
  repositoryNamespace: string,
  { namespace, labels }: Referrer,
): string | undefined {
  const isSame = namespace === repositoryNamespace;
  if (policy === undefined) return isSame ? undefined : "it has no spec.usagePolicy, so only its own namespace may";
  const { from, selector } = policy.allowedNamespaces ?? {};
  switch (from) {
    case undefined:
      return "its spec.usagePolicy has no allowedNamespaces.from, so no namespace may";
    case "All":
      return undefined;
    case "Same":
      return isSame ? undefined : "its spec.usagePolicy lets only its own namespace (from: Same)";
    case "Selector":
      if (selector === undefined) return "its spec.usagePolicy says from: Selector, but has no selector";
      return matches(selector, labels ?? {}) ? undefined : "the namespace's labels do not match its selector";
    default:
      throw new Error(`unknown policy ${from satisfies never}`);
  }
}

/** Kubernetes' rule: every part must hold; an empty selector matches all. An unknown operator matches nothing. */
export function matches(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          return false;
      }
    })
  );
}
