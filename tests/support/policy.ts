import type { PolicyRule } from "../../src/kube/core.ts";

/** What `wanted` allows and none of `held` does, as texts: who grants a rule must hold all of it. */
export function notCovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly string[] {
  return wanted.flatMap(permissions).flatMap((each) => {
    const isHeld = held
      .flatMap(permissions)
      .some(
        ({ group, resource, name, verb }) =>
          group === each.group &&
          resource === each.resource &&
          verb === each.verb &&
          (name === "*" || name === each.name),
      );
    return isHeld ? [] : [`${each.verb} ${each.group}/${each.resource} ${each.name}`];
  });
}

function permissions({ apiGroups, resources, resourceNames, verbs }: PolicyRule) {
  return (apiGroups ?? []).flatMap((group) =>
    (resources ?? []).flatMap((resource) =>
      (resourceNames ?? ["*"]).flatMap((name) => verbs.map((verb) => ({ group, resource, name, verb }))),
    ),
  );
}

/** `verbs resources names`, one line a rule. */
export function notedRules(rules: readonly PolicyRule[]): readonly string[] {
  return rules.map(
    ({ verbs, resources, resourceNames }) => `${verbs} ${resources} ${(resourceNames ?? ["*"]).join(" ")}`,
  );
}
