import { expect, test } from "vitest";
import { targetOf } from "./target.ts";

test.each([
  ["/api/v1/secrets", "secrets"],
  ["/api/v1/namespaces", "namespaces"],
  ["/api/v1/namespaces/demo", "namespaces name=demo"],
  ["/api/v1/namespaces/demo/finalize", "namespaces name=demo part=finalize"],
  ["/api/v1/namespaces/demo/pods/p/log", "pods in=demo name=p part=log"],
  ["/api/v1/namespaces/demo/secrets/a%2Fb", "secrets in=demo name=a/b"],
  ["/apis/batch/v1/namespaces/demo/jobs/", "jobs in=demo"],
  ["/apis/stash.appscode.com/v1beta1/tasks/t", "tasks name=t"],
  [
    "/apis/stash.appscode.com/v1alpha1/namespaces/demo/repositories/r/status",
    "repositories in=demo name=r part=status",
  ],
])("%s names %s", (path, expected) => {
  const found = targetOf(path);
  const parts = [
    ["in", found?.namespace] as const,
    ["name", found?.name] as const,
    ["part", found?.subresource] as const,
  ];
  const said = parts.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  expect([found?.resource.plural, ...said].join(" ")).toBe(expected);
});

test.each([
  "/",
  "/api/v1",
  "/api/v2/secrets",
  "/apis/apps/v1/deployments",
  "/api/v1/secrets/x",
  "/api/v1/namespaces/demo/nodes",
  "/api/v1/namespaces/demo/secrets/x/status",
  "/api/v1/namespaces/demo/secrets/%ff",
  "/api/v1/namespaces/demo/pods/p/log/more",
])("%s names nothing", (path) => expect(targetOf(path)).toBeUndefined());
