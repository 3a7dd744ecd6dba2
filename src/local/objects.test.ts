import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { at, isObject, type JsonObject, type JsonValue, listAt } from "./json.ts";
import type { ObjectAt, Objects } from "./objects.ts";
import { create } from "./objects-create.ts";
import { createNamed } from "./objects-create-named.ts";
import { remove } from "./objects-delete.ts";
import { patch, replace } from "./objects-update.ts";
import { patcherOf } from "./patcher.ts";
import { servedResources } from "./served.ts";
import { Refused } from "./status.ts";
import { openStore } from "./store.ts";

let folder: string;
let objects: Objects;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coldstream-update-"));
  const store = openStore({ file: join(folder, "store.db") });
  let uids = 0;
  const clock = () => new Date("2026-11-21T12:00:00Z");
  objects = { store, clock, suffix: () => "aaaaa", uid: () => `uid-${++uids}`, caPem: "" };
});
afterEach(() => {
  objects.store[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

const options = { dryRun: false, fieldValidation: "Strict", warn() {}, subresource: undefined } as const;
const strategic = "application/strategic-merge-patch+json";
const merge = "application/merge-patch+json";

function place(kind: string): ObjectAt {
  const resource = servedResources.find((each) => each.kind === kind);
  if (resource === undefined) throw new Error(`${kind} is not served`);
  return { resource, namespace: "demo", name: "one" };
}

async function made(kind: string, object: JsonObject = {}): Promise<ObjectAt> {
  const [namespaces, target] = [place("Namespace"), place(kind)];
  await create(objects, { ...namespaces, namespace: "" }, { metadata: { name: "demo" } }, options);
  const own = isObject(object["metadata"]) ? object["metadata"] : {};
  await create(objects, target, { ...object, metadata: { name: "one", ...own } }, options);
  return target;
}

async function refusal(answer: Promise<JsonObject>): Promise<Refused> {
  const error = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refused)) throw new Error("it was not refused", { cause: error });
  return error;
}

const container = { name: "c", image: "i" };
const job = { spec: { template: { spec: { restartPolicy: "Never", containers: [container] } } } };

const unknown = 'strict decoding error: unknown field "zz"';

test.each<[string, string, string, JsonObject, JsonValue, string]>([
  ["names the patch", "ConfigMap", strategic, {}, { zz: 1 }, `Invalid value: "map[zz:1]": ${unknown}`],
  ["names the object", "ConfigMap", merge, {}, { zz: 1 }, `\\"zz\\":1}": ${unknown}`],
  ["says why", "ConfigMap", merge, {}, { data: "x" }, '}": json: cannot unmarshal string into Go struct field'],
  ["says all of it", "Job", merge, job, { metadata: { uid: "x" } }, "`selector` not auto-generated"],
])("of a patch that cannot be read or taken the refusal %s", async (_title, kind, type, object, body, said) => {
  const target = await made(kind, object);
  const refused = await refusal(patch(objects, target, patcherOf(target.resource, type, body), options));
  expect(refused.code).toBe(422);
  const messages = listAt(refused.details, "causes").map((cause) => at(cause, "message"));
  expect(messages).toContainEqual(expect.stringContaining(said));
});

test.each<[string, JsonObject, number]>([
  ["a PUT of another uid meets another object", { uid: "x" }, 409],
  ["a PUT of a version that is past", { resourceVersion: "999" }, 409],
])("%s", async (_title, metadata, code) => {
  const target = await made("ConfigMap");
  const refused = await refusal(replace(objects, target, { metadata: { name: "one", ...metadata } }, options));
  expect(refused.code).toBe(code);
});

test.each<[string, JsonValue]>([
  ["deletionTimestamp", "2020-01-01T00:00:00Z"],
  ["deletionGracePeriodSeconds", 5],
])("a patch of %s deletes nothing", async (name, value) => {
  const target = await made("ConfigMap");
  const patcher = patcherOf(target.resource, merge, { metadata: { [name]: value } });
  const { details } = await refusal(patch(objects, target, patcher, options));
  expect(listAt(details, "causes").map((cause) => at(cause, "field"))).toEqual([`metadata.${name}`]);
});

test.each(["ConfigMap", "Repository"])("a %s that is going goes when it was told to first", async (kind) => {
  const spec = kind === "Repository" ? { spec: { backend: {} } } : {};
  const target = await made(kind, { ...spec, metadata: { finalizers: ["example.com/x"] } });
  const going = await remove(objects, target, deletion);
  const patcher = patcherOf(target.resource, merge, { metadata: { deletionTimestamp: "2020-01-01T00:00:00Z" } });
  expect(await patch(objects, target, patcher, options)).toEqual(going.object);
});

const deletion = { dryRun: false, propagation: undefined, graceSeconds: undefined, uid: "", resourceVersion: "" };

test.each<[string, string, (target: ObjectAt) => Promise<unknown>]>([
  [
    "a patch took",
    "example.com/x",
    (target) => {
      const patcher = patcherOf(target.resource, merge, { metadata: { finalizers: null } });
      return patch(objects, target, patcher, options);
    },
  ],
  ["another deletion took", "orphan", (target) => remove(objects, target, { ...deletion, propagation: "Background" })],
])("a watcher is told what an object was before %s its last finalizer", async (_title, finalizer, take) => {
  const target = await made("ConfigMap", { metadata: { finalizers: [finalizer] } });
  const { store } = objects;
  await remove(objects, target, deletion);
  const marked = store.version;
  await take(target);
  const told = store.changesSince("configmaps", marked) ?? [];
  expect(told.map(({ type, after }) => [type, at(after.parse(), "metadata")])).toEqual([
    ["DELETED", expect.objectContaining({ finalizers: [finalizer], resourceVersion: String(store.version) })],
  ]);
});

test("a pod that nothing holds is marked, and goes with the same write", async () => {
  await made("ServiceAccount", { metadata: { name: "default" } });
  const target = place("Pod");
  const pod = { metadata: { name: "one", finalizers: ["orphan"] }, spec: { containers: [container] } };
  await create(objects, target, pod, options);
  const { store } = objects;
  const { version } = store;
  const { object, isGone } = await remove(objects, target, { ...deletion, propagation: "Background" });
  expect(isGone).toBe(true);
  const told = store.changesSince("pods", version) ?? [];
  const marks = { deletionTimestamp: "2026-11-21T12:00:00Z", deletionGracePeriodSeconds: 0, generation: 2 };
  expect(object).toMatchObject({ metadata: marks });
  expect(told.map(({ type, after }) => [type, at(after.parse(), "metadata")])).toEqual([
    ["MODIFIED", expect.objectContaining(marks)],
    ["DELETED", expect.objectContaining(marks)],
  ]);
  expect(told.map(({ after }) => at(after.parse(), "metadata", "finalizers"))).toEqual([undefined, undefined]);
});

test.each([
  ["the version that was sent, where it is a dry run", true, "77"],
  ["its own", false, "3"],
])("a PUT that makes an object is answered with %s", async (_title, dryRun, resourceVersion) => {
  await made("ConfigMap");
  const target = { ...place("Role"), name: "two" };
  const marks = { deletionTimestamp: "2026-11-21T11:00:00Z", deletionGracePeriodSeconds: 0 };
  const given = { metadata: { name: "two", resourceVersion: "77", ...marks }, rules: [] };
  const answer = await createNamed(objects, target, given, { ...options, dryRun });
  expect(answer["metadata"]).toMatchObject({ resourceVersion, ...marks });
});
