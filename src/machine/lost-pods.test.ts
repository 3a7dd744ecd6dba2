import { expect, test } from "vitest";
import type { JobPod } from "./job/job.ts";
import { decide } from "./lost-pods.ts";

const now = new Date("2026-11-21T03:00:00Z");

interface Given {
  readonly node?: string;
  readonly isGoing?: boolean;
  readonly grace?: number;
  readonly phase?: string;
}

function podOf({ node = "elsewhere", isGoing = true, grace = 30, phase = "Pending" }: Given): JobPod {
  const going = { deletionTimestamp: "2026-11-21T02:59:00Z", deletionGracePeriodSeconds: grace };
  return {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "p", uid: "u-p", ...(isGoing && going) } },
    ...{ spec: { nodeName: node }, status: { phase } },
  };
}

test.each<[string, Given, { readonly phase?: string; readonly isRemoved: boolean }]>([
  ["on a node that is there is that node's to end", { node: "machine-a" }, { isRemoved: false }],
  ["that nobody removed stays, wherever it is", { isGoing: false }, { isRemoved: false }],
  ["without a node is nobody's to end", { node: "" }, { isRemoved: false }],
  ["on a node that is not there fails and goes", {}, { phase: "Failed", isRemoved: true }],
  ["that has ended there only goes", { phase: "Succeeded" }, { isRemoved: true }],
  ["that goes at once already, and waits for others, fails", { grace: 0 }, { phase: "Failed", isRemoved: false }],
  ["and is left alone then", { grace: 0, phase: "Failed" }, { isRemoved: false }],
])("a pod %s", (_title, given, { phase, isRemoved }) => {
  const steps = decide(podOf(given), { hasNode: (name) => name === "machine-a", now });
  expect({ phase: steps.status?.phase, isRemoved: steps.isRemoved }).toEqual({ phase, isRemoved });
});
