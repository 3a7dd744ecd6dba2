import { describe, expect, test } from "vitest";
import type { UsagePolicy } from "../../api/repository.ts";
import { refusalOf } from "./usage-policy.ts";

const labels = { team: "orders", stage: "production" };

function expression(key: string, operator: string, ...values: readonly string[]): UsagePolicy {
  const matchExpressions = [{ key, operator, ...(values.length === 0 ? {} : { values }) }];
  return { allowedNamespaces: { from: "Selector", selector: { matchExpressions } } };
}

function labelled(matchLabels: Readonly<Record<string, string>>): UsagePolicy {
  return { allowedNamespaces: { from: "Selector", selector: { matchLabels } } };
}

const all: UsagePolicy = { allowedNamespaces: { from: "All" } };
const same: UsagePolicy = { allowedNamespaces: { from: "Same" } };
const noSelector: UsagePolicy = { allowedNamespaces: { from: "Selector" } };
const emptySelector: UsagePolicy = { allowedNamespaces: { from: "Selector", selector: {} } };

describe("a Repository in storage, used from demo (labels team, stage)", () => {
  test.each<[string, UsagePolicy | undefined, boolean]>([
    ["without a policy", undefined, false],
    ["with an empty policy", {}, false],
    ["All", all, true],
    ["Same", same, false],
    ["Selector without a selector", noSelector, false],
    ["Selector that is empty", emptySelector, true],
    ["matchLabels that match", labelled({ team: "orders" }), true],
    ["matchLabels of which one matches", labelled({ team: "orders", stage: "test" }), false],
    ["In, one of them", expression("team", "In", "billing", "orders"), true],
    ["In, none of them", expression("team", "In", "billing"), false],
    ["In, of a label that is not there", expression("owner", "In", "orders"), false],
    ["NotIn, one of them", expression("team", "NotIn", "orders"), false],
    ["NotIn, none of them", expression("team", "NotIn", "billing"), true],
    ["NotIn, of a label that is not there", expression("owner", "NotIn", "orders"), true],
    ["Exists", expression("team", "Exists"), true],
    ["Exists, of a label that is not there", expression("owner", "Exists"), false],
    ["DoesNotExist", expression("team", "DoesNotExist"), false],
    ["DoesNotExist, of a label that is not there", expression("owner", "DoesNotExist"), true],
    ["an operator that nobody knows", expression("team", "Near"), false],
  ])("%s", (_title, policy, isAllowed) => {
    expect(refusalOf(policy, "storage", { namespace: "demo", labels }) === undefined).toBe(isAllowed);
  });
  test("refuses a namespace that it does not know the labels of", () => {
    const referrer = { namespace: "demo", labels: undefined };
    expect(refusalOf(labelled({ team: "orders" }), "storage", referrer)).toMatch("labels do not match");
  });
});

describe("a Repository in the namespace that uses it", () => {
  test.each<[string, UsagePolicy | undefined, boolean]>([
    ["without a policy", undefined, true],
    ["with an empty policy", {}, false],
    ["All", all, true],
    ["Same", same, true],
    ["Selector that does not match", labelled({ team: "billing" }), false],
    ["Selector that matches", labelled({ team: "orders" }), true],
  ])("%s", (_title, policy, isAllowed) => {
    expect(refusalOf(policy, "demo", { namespace: "demo", labels }) === undefined).toBe(isAllowed);
  });
});
