import { expect, test } from "vitest";
import { at, type JsonObject } from "./json.ts";
import { prepareChanged, prepareNew, prepareStatus, withGeneration } from "./prepare.ts";
import { servedResources } from "./served.ts";

function resource(kind: string) {
  const found = servedResources.find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
}

test.each<[string, JsonObject, JsonObject]>([
  [
    "Secret",
    { stringData: { a: "b" }, data: { a: "x", c: "eA==" } },
    { type: "Opaque", data: { a: "Yg==", c: "eA==" } },
  ],
  ["Namespace", {}, { spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } }],
  ["Repository", { spec: {}, status: { a: 1 } }, { spec: {}, metadata: { generation: 1 } }],
  ["AppBinding", { status: { a: 1 } }, { status: { a: 1 }, metadata: { generation: 1 } }],
  ["Node", { status: { a: 1 } }, { status: { a: 1 } }],
  ["CronJob", { status: { a: 1 } }, { status: {}, metadata: { generation: 1 } }],
])("a new %s", (kind, given, expected) => expect(prepareNew(resource(kind), given)).toEqual(expected));

const jobMetadata = { uid: "u", name: "one" };
const ownLabels = {
  ...{ "controller-uid": "u", "job-name": "one" },
  ...{ "batch.kubernetes.io/controller-uid": "u", "batch.kubernetes.io/job-name": "one" },
};
const matchLabels = { "batch.kubernetes.io/controller-uid": "u" };
const foreign = { "controller-uid": "other", x: "y" };

/** Labels and selector of the Job. */
test.each<[string, JsonObject, JsonObject | undefined, JsonObject | undefined]>([
  ["is labelled", {}, ownLabels, { matchLabels }],
  [
    "keeps the labels that it has",
    { template: { metadata: { labels: foreign } } },
    { ...ownLabels, ...foreign },
    { matchLabels },
  ],
  [
    "keeps the selector that it has",
    { selector: { matchLabels: { a: "b" } } },
    ownLabels,
    { matchLabels: { ...matchLabels, a: "b" } },
  ],
  ["with a selector of its own is left alone", { manualSelector: true }, undefined, undefined],
])("a new Job %s", (_title, spec, labels, selector) => {
  const job = prepareNew(resource("Job"), { metadata: jobMetadata, spec });
  expect(at(job, "spec", "template", "metadata", "labels")).toEqual(labels);
  expect(at(job, "spec", "selector")).toEqual(selector);
});

test.each<[string, JsonObject, string]>([
  ["nothing", {}, "BestEffort"],
  ["a request", { requests: { cpu: "1" } }, "Burstable"],
  ["limits alone", { limits: { cpu: "1", memory: "1Gi" } }, "Guaranteed"],
  ["a limit above its request", { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } }, "Burstable"],
])("a pod that asks for %s is of a class", (_title, resources, qosClass) => {
  const pod = { spec: { containers: [{ name: "a", resources }] } };
  expect(prepareNew(resource("Pod"), pod)["status"]).toEqual({ phase: "Pending", qosClass });
});

test("a write of the object keeps the status, and one of the status the object", () => {
  const before = { spec: { a: 1 }, status: { b: 1 } };
  expect(prepareChanged(resource("Repository"), before, { spec: { a: 2 }, status: { b: 2 } })).toEqual({
    ...{ spec: { a: 2 }, status: { b: 1 } },
  });
  expect(prepareStatus(before, { spec: { a: 2 }, status: { b: 2 } })).toEqual({ spec: { a: 1 }, status: { b: 2 } });
});

test.each<[string, string, JsonObject, number | undefined]>([
  ["counts a change of the spec", "Repository", { spec: { a: 2 } }, 4],
  ["does not count one of the status", "Repository", { spec: { a: 1 }, status: { a: 1 } }, 3],
  ["counts a status that is part of the object", "Snapshot", { spec: { a: 1 }, status: { a: 1 } }, 4],
  ["counts a Job's", "Job", { spec: { a: 2 } }, 4],
])("the generation %s", (_title, kind, after, expected) => {
  const before = { metadata: { generation: 3 }, spec: { a: 1 } };
  const found = withGeneration(resource(kind), before, { metadata: { generation: 3 }, ...after });
  expect(found["metadata"]).toEqual({ generation: expected });
});
