import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { at, isObject, isSame, type JsonObject, type JsonValue, listAt } from "../../src/local/json.ts";
import { jsonPatch } from "../../src/local/patch/json-patch.ts";
import { mergePatch } from "../../src/local/patch/merge-patch.ts";
import type { Patched } from "../../src/local/patch/patched.ts";
import { strategicMerge } from "../../src/local/patch/strategic-merge.ts";
import { prepareChanged, prepareNew } from "../../src/local/prepare.ts";
import { decode } from "../../src/local/schema/decode.ts";
import { applyDefaults } from "../../src/local/schema/defaults.ts";
import type { FieldError } from "../../src/local/schema/field-error.ts";
import { validate, validateUpdate } from "../../src/local/schema/validate.ts";
import { parseLabelSelector } from "../../src/local/select.ts";
import { parseFieldSelector } from "../../src/local/select-fields.ts";
import { groupVersionOf, type ServedResource, servedResources } from "../../src/local/served.ts";
import { tableOf } from "../../src/local/table.ts";
import { type ControlPlane, controlPlaneMissing, startControlPlane } from "../support/control-plane.ts";
import { type Answer, ask } from "./shapes-ask.ts";
import { fieldSelectors, kept, labelSelectors } from "./shapes-changes.ts";
import { objects } from "./shapes-inputs.ts";
import { tables } from "./shapes-tables.ts";

describe.skipIf(controlPlaneMissing() !== undefined)("what a real API server says, our shapes say", () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startControlPlane();
    await plane.createNamespace("demo");
  });
  afterAll(async () => await plane?.stop());

  test.each(Object.entries(objects))("of a new %s", async (kind, drafts) => {
    const resource = servedOf(kind);
    const asked = drafts.map((draft) => ({ draft: shown(draft), object: objectOf(resource, draft) }));
    const path = `${listPath(resource)}?dryRun=All`;
    const answers = await Promise.all(asked.map(({ object: body }) => ask(plane, { method: "POST", path, body })));
    const says = asked.map(({ draft, object }, index) => ({ draft, says: ours(resource, object, answers[index]) }));
    expect(says).toEqual(asked.map(({ draft }, index) => ({ draft, says: said(answers[index]) })));
  });

  describe.each(Object.entries(kept))(
    "of a %s that is there",
    (kind, { object, changes = [], strategic = [], json = [] }) => {
      const resource = servedOf(kind);
      const path = `${listPath(resource)}/kept`;
      let before: JsonObject;
      beforeAll(async () => {
        const body = objectOf(resource, { ...object, metadata: { ...asObject(object["metadata"]), name: "kept" } });
        before = (await ask(plane, { method: "POST", path: listPath(resource), body })).body;
        // what controllers do to it shall be done
        before = await settled(plane, path, before);
      });
      const patches: readonly (readonly [string, readonly JsonValue[], (patch: JsonValue) => Patched])[] = [
        ["merge-patch", changes, (patch) => ({ kind: "patched", object: mergePatch(before, asObject(patch)) })],
        ["strategic-merge-patch", strategic, (patch) => strategicMerge(resource, before, asObject(patch))],
        ["json-patch", json, (patch) => jsonPatch(before, patch)],
      ];
      test.each(patches)("after a %s", async (type, list, patched) => {
        const contentType = `application/${type}+json`;
        const send = (body: JsonValue) =>
          ask(plane, { method: "PATCH", path: `${path}?dryRun=All`, body, contentType });
        const answers = await Promise.all(list.map(send));
        const says = list.map((patch, index) => {
          const mine = patched(patch);
          // Ours says why; a real one keeps that to itself.
          const real = mine.kind === "refused" ? { status: answers[index]?.status, causes: [] } : said(answers[index]);
          return { patch: shown(patch), mine: changed(resource, before, mine), real };
        });
        expect(says.map(({ patch, mine }) => ({ patch, says: mine }))).toEqual(
          says.map(({ patch, real }) => ({ patch, says: real })),
        );
      });
    },
  );

  test("of selectors", async () => {
    const resource = servedOf("Secret");
    const items = listAt((await ask(plane, { method: "GET", path: listPath(resource) })).body, "items");
    const asked = [
      ...labelSelectors.map((text) => ["labelSelector", text, parseLabelSelector(text)] as const),
      ...fieldSelectors.map((text) => ["fieldSelector", text, parseFieldSelector(text, resource)] as const),
    ];
    for (const [name, text, selection] of asked) {
      const query = `${name}=${encodeURIComponent(text)}`;
      const { body } = await ask(plane, { method: "GET", path: `${listPath(resource)}?${query}` });
      const picked = selection.kind === "refused" ? [] : items.filter((each) => selection.matches(asObject(each)));
      const mine =
        selection.kind === "refused" ? selection.message : picked.map((each) => at(each, "metadata", "name"));
      const names = listAt(body, "items").map((each) => at(each, "metadata", "name"));
      expect({ text, says: mine }).toEqual({ text, says: body["items"] === undefined ? body["message"] : names });
    }
  });

  test.each([...new Set([...Object.keys(objects), ...Object.keys(tables)])])("of %s as a table", async (kind) => {
    const resource = servedOf(kind);
    for (const draft of tables[kind] ?? []) await makeWhole(plane, resource, objectOf(resource, draft));
    const path = listPath(resource);
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const real = (await ask(plane, { method: "GET", path: `${path}?includeObject=Object`, accept })).body;
    const items = listAt(real, "rows").map((row) => asObject(at(row, "object")));
    const mine = tableOf(resource, items, { now: Date.now(), includeObject: "None" });
    expect(headings(mine)).toEqual(headings(real));
    expect(cells(mine)).toEqual(cells(real));
  });
});

function servedOf(kind: string): ServedResource {
  const found = servedResources.find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`${kind} is not served`);
  return found;
}

function listPath({ group, version, scope, plural }: ServedResource): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return scope === "Cluster" ? `${root}/${plural}` : `${root}/namespaces/demo/${plural}`;
}

function objectOf(resource: ServedResource, draft: JsonObject): JsonObject {
  const place = resource.scope === "Cluster" ? {} : { namespace: "demo" };
  const metadata = { name: "one", ...place, ...asObject(draft["metadata"]) };
  return { apiVersion: groupVersionOf(resource), kind: resource.kind, ...draft, metadata };
}

/** The object once nobody has changed it for a while. */
async function settled(plane: ControlPlane, path: string, before: JsonObject): Promise<JsonObject> {
  await setTimeout(500);
  const { body } = await ask(plane, { method: "GET", path });
  return isSame(body, before) ? body : await settled(plane, path, body);
}

/** Makes an object with the status that it shall have. */
async function makeWhole(plane: ControlPlane, resource: ServedResource, object: JsonObject): Promise<void> {
  const made = await ask(plane, { method: "POST", path: listPath(resource), body: object });
  expect({ status: made.status, object }).toEqual({ status: 201, object });
  const { status } = object;
  if (status === undefined || !resource.subresources.includes("status")) return;
  const path = `${listPath(resource)}/${String(at(object, "metadata", "name"))}/status`;
  const contentType = "application/merge-patch+json";
  const written = await ask(plane, { method: "PATCH", path, body: { status }, contentType });
  expect({ status: written.status, object }).toEqual({ status: 200, object });
}

function headings(table: JsonObject): readonly JsonValue[] {
  return listAt(table, "columnDefinitions").map((column) => {
    const { description: _, ...rest } = asObject(column);
    return rest;
  });
}

/** Ages may differ by a second or two. */
function cells(table: JsonObject): readonly JsonValue[] {
  return listAt(table, "rows").map((row) =>
    listAt(row, "cells").map((cell) =>
      typeof cell === "string" ? cell.replace(/^\d+s$|(?<=\()\d+s(?= ago)/, "N s") : cell,
    ),
  );
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** What is said of an object: the mistakes, or what it becomes. */
type Verdict = { readonly status: number; readonly causes: readonly string[] } | JsonValue;

function said(answer: Answer | undefined): Verdict {
  const { status, body } = whole(answer);
  if (status < 400) return comparable(body);
  const { details, message } = Refusal.parse(body);
  const causes = details?.causes?.map(({ reason, field, message: text }) => `${reason} ${field}: ${text}`);
  return { status, causes: causes === undefined ? [message] : [...new Set(causes)].sort() };
}

const Refusal = z.object({
  message: z.string(),
  details: z
    .object({ causes: z.array(z.object({ reason: z.string(), field: z.string(), message: z.string() })).optional() })
    .optional(),
});

function whole(answer: Answer | undefined): Answer {
  if (answer === undefined) throw new Error("there is no answer");
  return answer;
}

function changed(resource: ServedResource, before: JsonObject, patched: Patched): Verdict {
  if (patched.kind === "refused") return { status: patched.status, causes: [] };
  const decoded = decode(resource, patched.object);
  if (decoded.kind === "refused") return { status: 422, causes: [decoded.message] };
  const after = applyDefaults(resource, prepareChanged(resource, before, decoded.object));
  return verdict(after, validateUpdate(resource, before, after));
}

/** `real` lends the uid that it drew. */
function ours(resource: ServedResource, object: JsonObject, real: Answer | undefined): Verdict {
  const { body } = whole(real);
  const decoded = decode(resource, object);
  if (decoded.kind === "refused") return { status: 400, causes: [decoded.message] };
  const uid = at(body, "metadata", "uid") ?? "";
  const metadata = at(decoded.object, "metadata");
  const named = { ...decoded.object, metadata: { ...(isObject(metadata) ? metadata : {}), uid } };
  const prepared = applyDefaults(resource, prepareNew(resource, applyDefaults(resource, named)));
  return verdict(prepared, validate(resource, prepared));
}

function verdict(object: JsonObject, errors: readonly FieldError[]): Verdict {
  const causes = errors.map(({ reason, field, message }) => `${reason} ${field}: ${message}`);
  return causes.length === 0 ? comparable(object) : { status: 422, causes: [...new Set(causes)].sort() };
}

/** Without what the server's admission and its clock add. */
const added: Readonly<Record<string, readonly string[]>> = {
  metadata: ["creationTimestamp", "managedFields", "uid", "generation", "finalizers"],
  spec: [
    ...["tolerations", "priority", "preemptionPolicy", "serviceAccount", "serviceAccountName", "finalizers"],
    ...["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"],
  ],
};

function comparable(object: JsonValue): JsonValue {
  if (!isObject(object)) return object;
  const { status: _, ...rest } = object;
  const fields = Object.entries(rest).map(([name, value]) => {
    const gone = added[name] ?? [];
    const kept = isObject(value) ? Object.entries(value).filter(([each]) => !gone.includes(each)) : undefined;
    return [name, kept === undefined ? value : Object.fromEntries(kept)] as const;
  });
  return Object.fromEntries(fields);
}

function shown(draft: JsonValue): string {
  return JSON.stringify(draft).slice(0, 300);
}
