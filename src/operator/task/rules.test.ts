import { describe, expect, test } from "vitest";
import { matchRule, ruleMistakes } from "./rules.ts";

const forAll = { snapshots: ["all"] };
const forX = { targetHosts: ["x", "y"], snapshots: ["x"] };
const forZ = { targetHosts: ["z"], snapshots: ["z"] };

describe("the rule for a target", () => {
  test.each([
    ["is none without rules", [], "x", undefined],
    ["is the first that names its alias", [forZ, forX, { ...forX, snapshots: ["later"] }], "y", forX],
    ["is that also behind one for all", [forAll, forX], "x", forX],
    ["is else the one for all", [forAll, forX], "w", forAll],
    ["is the last of those", [{ snapshots: ["first"] }, forAll], "w", forAll],
    ["is the one with an empty list", [{ targetHosts: [] }], "w", { targetHosts: [] }],
    ["without an alias is the one for all", [forX, forAll], undefined, forAll],
    ["without an alias is none that names hosts", [{ targetHosts: ["host-0"] }], undefined, undefined],
    ["is none that names other hosts", [forX], "w", undefined],
  ])("%s", (_title, rules, alias, rule) => expect(matchRule(rules, alias)).toEqual(rule));
});

describe("mistakes in rules", () => {
  test.each([
    ["none", { rules: [forAll, forX, forZ] }, []],
    ["several snapshots are none: Stash takes them", { rules: [{ snapshots: ["a", "b"] }] }, []],
    ["two for all", { rules: [forAll, {}] }, ["spec.rules: 2 rules are without targetHosts, only one may be"]],
    [
      "a host in two rules",
      { rules: [forX, { targetHosts: ["y", "y"] }] },
      ["spec.rules: the host y is in more than one rule"],
    ],
    [
      "snapshots beside paths",
      { rules: [{ snapshots: ["a"], paths: ["/b"] }] },
      ["spec.rules[0] has both snapshots and paths, only one of them may be given"],
    ],
    [
      "in the target",
      { rules: [forAll], target: { rules: [{}, {}] } },
      ["spec.target.rules: 2 rules are without targetHosts, only one may be"],
    ],
    ["a rule in each place is none", { rules: [forAll], target: { rules: [forAll, forX] } }, []],
  ])("%s", (_title, spec, mistakes) => expect(ruleMistakes({ driver: "Restic", ...spec })).toEqual(mistakes));
});
