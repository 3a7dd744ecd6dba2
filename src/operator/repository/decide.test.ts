import { describe, expect, test } from "vitest";
import { Repository } from "../../api/repository.ts";
import { decide, type RepositoryStep, type WipeOut } from "./decide.ts";

const now = new Date("2026-11-21T03:00:00Z");
const s3 = { endpoint: "http://minio.storage.svc:9000", bucket: "backups" };

interface Given {
  readonly held?: boolean;
  readonly going?: boolean;
  readonly wipeOut?: boolean;
  readonly backend?: object;
  readonly namespaceGoing?: boolean;
  readonly job?: WipeOut;
}

function stepFor({
  held = true,
  going = false,
  wipeOut,
  backend = { s3 },
  namespaceGoing,
  job,
}: Given): RepositoryStep {
  const repository = Repository.parse({
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: {
      namespace: "demo",
      name: "store",
      ...(held ? { finalizers: ["stash"] } : {}),
      ...(going ? { deletionTimestamp: "2026-11-21T02:59:00Z" } : {}),
    },
    spec: { backend },
  });
  // what the schema refuses now may have been stored before
  const spec = { ...repository.spec, ...(wipeOut === undefined ? {} : { wipeOut }) };
  const view = { repository: { ...repository, spec }, isNamespaceGoing: namespaceGoing === true };
  return decide({ ...view, wipeOut: job ?? { state: "absent" } }, now);
}

function failed(minutesAgo: number): WipeOut {
  return { state: "failed", since: new Date(now.getTime() - minutesAgo * 60_000) };
}

describe("a Repository that stays", () => {
  test.each<[string, Given, RepositoryStep]>([
    ["is held first", { held: false }, { step: "hold" }],
    ["has its status kept", {}, { step: "keep-status" }],
    ["has its status kept in a namespace that goes", { namespaceGoing: true }, { step: "keep-status" }],
  ])("%s", (_title, given, step) => expect(stepFor(given)).toEqual(step));
});

describe("a Repository that is deleted", () => {
  const going = { going: true };
  const wiping = { going: true, wipeOut: true };

  test.each<[string, Given, RepositoryStep]>([
    ["is let go when nothing is to be wiped out", going, { step: "release" }],
    ["is let go when wipeOut is false", { ...going, wipeOut: false }, { step: "release" }],
    ["is none of ours without the finalizer", { ...wiping, held: false }, { step: "none" }],
    ["has its data deleted by a Job", wiping, { step: "wipe-out" }],
    ["waits for the Job", { ...wiping, job: { state: "running" } }, { step: "wait" }],
    ["is let go when the Job succeeded", { ...wiping, job: { state: "succeeded" } }, { step: "release" }],
    ["waits a while after the Job failed", { ...wiping, job: failed(4) }, { step: "wait" }],
    ["gets another Job then", { ...wiping, job: failed(5) }, { step: "try-again" }],
    ["is let go at once when wipeOut is taken back", { ...going, wipeOut: false, job: failed(1) }, { step: "release" }],
    [
      "is let go with its namespace",
      { ...wiping, namespaceGoing: true },
      { step: "release", left: "namespace demo is being deleted, and nothing can be started in it" },
    ],
    [
      "is let go when the Job was quicker than its namespace",
      { ...wiping, namespaceGoing: true, job: { state: "succeeded" } },
      { step: "release" },
    ],
    [
      "is let go where wipeOut is not possible",
      { ...wiping, backend: { local: { mountPath: "/backups" } } },
      { step: "release", left: "wipeOut is not possible with the backend local" },
    ],
  ])("%s", (_title, given, step) => expect(stepFor(given)).toEqual(step));
});
