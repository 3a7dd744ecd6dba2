import { expect, test } from "vitest";
import { at, isObject, type JsonValue } from "./json.ts";
import { openApi } from "./openapi.ts";
import { servedResources } from "./served.ts";

const places = [
  ...new Set(servedResources.map(({ group, version }) => (group === "" ? version : `${group}/${version}`))),
];

test("every group's version has a document, at an address that changes with it", () => {
  const paths = at(openApi("/openapi/v3"), "paths");
  expect(Object.keys(isObject(paths) ? paths : {})).toEqual(
    places.map((place) => (place.includes("/") ? `apis/${place}` : `api/${place}`)),
  );
  expect(paths).toMatchObject({
    "apis/batch/v1": {
      serverRelativeURL: expect.stringMatching(/^\/openapi\/v3\/apis\/batch\/v1\?hash=[0-9A-F]{32}$/),
    },
  });
  expect(openApi("/openapi/v3")).toEqual(openApi("/openapi/v3/"));
});

test.each(places)("the document of %s has all that it refers to", (place) => {
  const document = openApi(`/openapi/v3/${place.includes("/") ? "apis" : "api"}/${place}`);
  const schemas = at(document, "components", "schemas");
  const named = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
  expect(new Set(named).difference(new Set(Object.keys(isObject(schemas) ? schemas : {})))).toEqual(new Set());
});

test("kubectl finds what it looks for: kinds, parameters, kinds of patches, descriptions", () => {
  const batch = openApi("/openapi/v3/apis/batch/v1");
  const job = patchOf(batch, "/apis/batch/v1/namespaces/{namespace}/jobs/{name}");
  expect(job).toMatchObject({ "x-kubernetes-group-version-kind": { group: "batch", version: "v1", kind: "Job" } });
  expect(at(job, "parameters")).toMatchObject([
    { name: "dryRun" },
    { name: "fieldManager" },
    { name: "fieldValidation" },
    {},
  ]);
  expect(at(job, "requestBody", "content")).toHaveProperty(["application/strategic-merge-patch+json"]);
  const stash = openApi("/openapi/v3/apis/stash.appscode.com/v1beta1");
  const task = patchOf(stash, "/apis/stash.appscode.com/v1beta1/tasks/{name}");
  expect(at(task, "requestBody", "content")).not.toHaveProperty(["application/strategic-merge-patch+json"]);
  expect(at(stash, "components", "schemas", "com.appscode.stash.v1beta1.Task")).toMatchObject({
    description: expect.any(String),
    "x-kubernetes-group-version-kind": [{ group: "stash.appscode.com", version: "v1beta1", kind: "Task" }],
  });
});

function patchOf(document: JsonValue | undefined, path: string): JsonValue | undefined {
  return at(document, "paths", path, "patch");
}

test.each(["/openapi/v2", "/openapi", "/openapi/v3/api/v2", "/openapi/v3/apis/apps/v1"])("%s is not there", (path) => {
  expect(openApi(path)).toBeUndefined();
});
