import { expect, test } from "vitest";
import { discovery } from "./discovery.ts";

const options = { address: "127.0.0.1:6443", build: "coldstream" };
const allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** As kube-apiserver 1.35 answers, hashes of its storage left out. */
test.each([
  [
    "/api",
    {
      kind: "APIVersions",
      versions: ["v1"],
      serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: "127.0.0.1:6443" }],
    },
  ],
  [
    "/apis/batch",
    {
      kind: "APIGroup",
      apiVersion: "v1",
      name: "batch",
      versions: [{ groupVersion: "batch/v1", version: "v1" }],
      preferredVersion: { groupVersion: "batch/v1", version: "v1" },
    },
  ],
  [
    "/apis/stash.appscode.com",
    {
      kind: "APIGroup",
      apiVersion: "v1",
      name: "stash.appscode.com",
      versions: [
        { groupVersion: "stash.appscode.com/v1beta1", version: "v1beta1" },
        { groupVersion: "stash.appscode.com/v1alpha1", version: "v1alpha1" },
      ],
      preferredVersion: { groupVersion: "stash.appscode.com/v1beta1", version: "v1beta1" },
    },
  ],
  [
    "/apis/batch/v1",
    {
      kind: "APIResourceList",
      apiVersion: "v1",
      groupVersion: "batch/v1",
      resources: [
        {
          ...{ name: "cronjobs", singularName: "cronjob", namespaced: true, kind: "CronJob" },
          ...{ verbs: allVerbs, shortNames: ["cj"], categories: ["all"] },
        },
        {
          name: "cronjobs/status",
          singularName: "",
          namespaced: true,
          kind: "CronJob",
          verbs: ["get", "patch", "update"],
        },
        { name: "jobs", singularName: "job", namespaced: true, kind: "Job", verbs: allVerbs, categories: ["all"] },
        { name: "jobs/status", singularName: "", namespaced: true, kind: "Job", verbs: ["get", "patch", "update"] },
      ],
    },
  ],
  ["/apis/", expect.objectContaining({ kind: "APIGroupList" })],
  ["/version", expect.objectContaining({ major: "1", minor: "35", gitVersion: "v1.35.4+coldstream" })],
  ["/api/v2", undefined],
  ["/apis/none", undefined],
  ["/apis/batch/v9", undefined],
  ["/apis/batch/v1/jobs", undefined],
  ["/apis/v1", undefined],
  ["/", undefined],
])("%s", (path, document) => {
  expect(discovery(path, options)).toEqual(document);
});

test("subresources say what is sent to them", () => {
  const { resources } = discovery("/api/v1", options) ?? {};
  expect(resources).toContainEqual({
    ...{ name: "serviceaccounts/token", singularName: "", namespaced: true },
    ...{ group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", verbs: ["create"] },
  });
  expect(resources).toContainEqual({
    ...{ name: "pods/binding", singularName: "", namespaced: true, kind: "Binding", verbs: ["create"] },
  });
});
