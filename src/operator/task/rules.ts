import type { RestoreSessionSpec } from "../../api/restore-session.ts";
import type { RestoreRule } from "../../api/targets.ts";

/**
 * The rule for a target: the first that names its alias; else the last without targetHosts. Without an alias no rule
 * that names hosts fits, also not one that names host-0: so has Stash.
 */
export function matchRule(rules: readonly RestoreRule[], alias: string | undefined): RestoreRule | undefined {
  const named = rules.find(({ targetHosts = [] }) => alias !== undefined && targetHosts.includes(alias));
  return named ?? rules.findLast(({ targetHosts = [] }) => targetHosts.length === 0);
}

/** What is wrong with the rules, one sentence a mistake: the old place and the new one are both looked at. */
export function ruleMistakes({ rules, target }: RestoreSessionSpec): readonly string[] {
  return [...mistakesIn("spec.rules", rules ?? []), ...mistakesIn("spec.target.rules", target?.rules ?? [])];
}

function mistakesIn(where: string, rules: readonly RestoreRule[]): readonly string[] {
  const forAll = rules.filter(({ targetHosts = [] }) => targetHosts.length === 0);
  const hosts = rules.flatMap(({ targetHosts = [] }) => [...new Set(targetHosts)]);
  const twice = [...new Set(hosts.filter((host, index) => hosts.indexOf(host) !== index))];
  const mixed = rules.flatMap(({ snapshots = [], paths = [] }, index) =>
    snapshots.length > 0 && paths.length > 0 ? [index] : [],
  );
  return [
    ...(forAll.length > 1 ? [`${where}: ${forAll.length} rules are without targetHosts, only one may be`] : []),
    ...twice.map((host) => `${where}: the host ${host} is in more than one rule`),
    ...mixed.map((index) => `${where}[${index}] has both snapshots and paths, only one of them may be given`),
  ];
}
