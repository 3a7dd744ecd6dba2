import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configMaps, leases, namespaces, pods, roleBindings, roles, secrets } from "../../src/kube/core.ts";
import { follow } from "../../src/kube/follow.ts";
import { resourceOf } from "../../src/kube/resource.ts";
import { updateStatus } from "../../src/kube/update.ts";
import { failureOf } from "../support/failure-of.ts";
import { openStage, type Stage } from "./stage.ts";

const signal = AbortSignal.timeout(60_000);
let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

describe("objects, by our own client", () => {
  test("are made, read, changed and removed", async () => {
    const { cluster } = stage;
    const key = { namespace: "default", name: "one" };
    const made = await cluster.create(secrets, { metadata: key, stringData: { a: "b" } }, { signal });
    expect(made).toMatchObject({ data: { a: "Yg==" }, type: "Opaque", metadata: { ...key, uid: expect.any(String) } });
    expect(await cluster.get(secrets, key, { signal })).toEqual(made);
    const replaced = await cluster.replace(secrets, { ...made, data: { a: "Yw==" } }, { signal });
    expect(await failureOf(cluster.replace(secrets, made, { signal }))).toMatchObject({ reason: "Conflict" });
    const same = await cluster.replace(secrets, replaced, { signal });
    expect(same.metadata.resourceVersion).toBe(replaced.metadata.resourceVersion);
    const patched = await cluster.patch(secrets, key, { signal, merge: { metadata: { labels: { x: "y" } } } });
    expect(patched?.metadata.labels).toEqual({ x: "y" });
    expect(await cluster.remove(secrets, key, { signal })).toBe(true);
    expect(await cluster.remove(secrets, key, { signal })).toBe(false);
    expect(await cluster.get(secrets, key, { signal })).toBeUndefined();
  });

  test("are listed in pages of one version", async () => {
    const { cluster } = stage;
    const names = Array.from({ length: 25 }, (_, index) => `page-${String(index).padStart(2, "0")}`);
    for (const name of names) {
      await cluster.create(
        configMaps,
        { metadata: { namespace: "default", name, labels: { list: "yes" } } },
        { signal },
      );
    }
    const path = "/api/v1/namespaces/default/configmaps?labelSelector=list%3Dyes&limit=10";
    const seen: string[] = [];
    let token = "";
    do {
      const page = (await cluster.request({ method: "GET", path: `${path}&continue=${token}` }, { signal })) as {
        readonly metadata: { readonly continue?: string };
        readonly items: readonly { readonly metadata: { readonly name: string } }[];
      };
      seen.push(...page.items.map(({ metadata }) => metadata.name));
      token = page.metadata.continue ?? "";
      // neither is of the first page's version
      await cluster.remove(configMaps, { namespace: "default", name: "page-24" }, { signal });
      await cluster.create(
        configMaps,
        { metadata: { namespace: "default", generateName: "page-1", labels: { list: "yes" } } },
        { signal },
      );
    } while (token !== "");
    expect(seen).toEqual(names);
  });

  test("are followed", async () => {
    const { cluster } = stage;
    const seen: string[] = [];
    const stop = new AbortController();
    const followed = follow(
      cluster,
      configMaps,
      { namespace: "default", labelSelector: "follow=yes" },
      {
        signal: stop.signal,
        onChange: ({ before, after }) =>
          seen.push(`${before === undefined ? "" : "was "}${after?.data?.["n"] ?? "gone"}`),
      },
    );
    await followed.ready;
    const metadata = { namespace: "default", name: "followed", labels: { follow: "yes" } };
    const made = await cluster.create(configMaps, { metadata, data: { n: "1" } }, { signal });
    await cluster.replace(configMaps, { ...made, data: { n: "2" } }, { signal });
    await cluster.patch(configMaps, metadata, { signal, merge: { metadata: { labels: { follow: "no" } } } });
    await cluster.patch(configMaps, metadata, { signal, merge: { metadata: { labels: { follow: "yes" } } } });
    await cluster.remove(configMaps, metadata, { signal });
    await expect.poll(() => seen).toEqual(["1", "was 2", "was gone", "2", "was gone"]);
    stop.abort();
    await followed.stopped;
  });

  test("have a status of their own, and generations", async () => {
    const { cluster } = stage;
    const repositories = resourceOf("Repository");
    const key = { namespace: "default", name: "repo" };
    const spec = { backend: { local: { mountPath: "/x", hostPath: { path: "/x" } }, storageSecretName: "s" } };
    const made = await cluster.create(repositories, { metadata: key, spec, status: { snapshotCount: 1 } }, { signal });
    expect([made.status, made.metadata.generation]).toEqual([undefined, 1]);
    const written = await updateStatus(cluster, repositories, key, () => ({ snapshotCount: 7 }), { signal });
    expect([written?.status?.snapshotCount, written?.metadata.generation]).toEqual([7, 1]);
    const changed = await cluster.patch(repositories, key, {
      signal,
      merge: { spec: { usagePolicy: { allowedNamespaces: { from: "All" } } }, status: { snapshotCount: 9 } },
    });
    expect([changed?.status?.snapshotCount, changed?.metadata.generation]).toEqual([7, 2]);
  });

  test("stay while finalizers hold them", async () => {
    const { cluster } = stage;
    const key = { namespace: "default", name: "held" };
    await cluster.create(leases, { metadata: { ...key, finalizers: ["example.com/hold"] } }, { signal });
    expect(await cluster.remove(leases, key, { signal })).toBe(true);
    expect((await cluster.get(leases, key, { signal }))?.metadata.deletionTimestamp).toBeDefined();
    await cluster.patch(leases, key, { signal, merge: { metadata: { finalizers: null } } });
    expect(await cluster.get(leases, key, { signal })).toBeUndefined();
  });
});

describe("namespaces", () => {
  test("must be there", async () => {
    const metadata = { namespace: "nowhere", name: "x" };
    expect(await failureOf(stage.cluster.create(secrets, { metadata }, { signal }))).toMatchObject({
      message: 'making Secret nowhere/x: namespaces "nowhere" not found',
    });
  });
  test("take nothing more once they are going", async () => {
    const { cluster } = stage;
    await cluster.create(namespaces, { metadata: { name: "going" } }, { signal });
    await cluster.remove(namespaces, { name: "going" }, { signal });
    expect(await cluster.get(namespaces, { name: "going" }, { signal })).toMatchObject({
      status: { phase: "Terminating" },
    });
    const metadata = { namespace: "going", name: "x" };
    expect(await failureOf(cluster.create(secrets, { metadata }, { signal }))).toMatchObject({ reason: "Forbidden" });
    const path = "/api/v1/namespaces/going/finalize";
    await cluster.request(
      { method: "PUT", path, body: { metadata: { name: "going" }, spec: { finalizers: [] } } },
      { signal },
    );
    expect(await cluster.get(namespaces, { name: "going" }, { signal })).toBeUndefined();
  });
});

describe("a pod's token", () => {
  test("has the rights of its ServiceAccount, while the pod is there", async () => {
    const { cluster } = stage;
    const namespace = "default";
    const containers = [{ name: "main", image: "i" }];
    const pod = await cluster.create(
      pods,
      { metadata: { namespace, name: "bound" }, spec: { containers } },
      { signal },
    );
    const { name, uid } = pod.metadata;
    const boundObjectRef = { kind: "Pod", apiVersion: "v1", name, uid };
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`;
    const asked = { method: "POST", path, body: { spec: { boundObjectRef, expirationSeconds: 600 } } } as const;
    const made = (await cluster.request(asked, { signal })) as { readonly status: { readonly token: string } };
    const client = stage.as(made.status.token);
    const read = (name: string) => client.get(configMaps, { namespace, name }, { signal });
    expect(await failureOf(read("kube-root-ca.crt"))).toMatchObject({
      message:
        'reading ConfigMap default/kube-root-ca.crt: configmaps "kube-root-ca.crt" is forbidden: User "system:serviceaccount:default:default" cannot get resource "configmaps" in API group "" in the namespace "default"',
    });
    const rules = [{ apiGroups: [""], resources: ["configmaps"], resourceNames: ["kube-root-ca.crt"], verbs: ["get"] }];
    await cluster.create(roles, { metadata: { namespace, name: "one" }, rules }, { signal });
    const subjects = [{ kind: "ServiceAccount", name: "default", namespace }];
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "one" };
    await cluster.create(roleBindings, { metadata: { namespace, name: "one" }, roleRef, subjects }, { signal });
    expect((await read("kube-root-ca.crt"))?.data?.["ca.crt"]).toBe(stage.api.caPem);
    expect(await failureOf(read("other"))).toMatchObject({ reason: "Forbidden" });
    await cluster.remove(pods, { namespace, name: "bound" }, { signal });
    expect(await failureOf(read("kube-root-ca.crt"))).toMatchObject({ status: 401 });
  });
});

test("a wrong object is refused with Kubernetes' words", async () => {
  const metadata = { namespace: "default", name: "Wrong_" };
  const failure = await failureOf(stage.cluster.create(secrets, { metadata }, { signal }));
  expect(failure).toMatchObject({ reason: "Invalid", status: 422 });
  expect(failure.message).toContain('Secret "Wrong_" is invalid: metadata.name: Invalid value: "Wrong_": a lowercase');
});

test("an unknown field is warned of, whatever its letters", async () => {
  const { url, caPem: ca, adminToken } = stage.api;
  const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };
  const sent = request(`${url}/api/v1/namespaces/default/configmaps`, { ca, headers, method: "POST", agent: false });
  sent.end(JSON.stringify({ metadata: { name: "warned" }, 名前: 1, "a\x7fb": 2 }));
  const [incoming] = (await once(sent, "response")) as [IncomingMessage];
  incoming.resume();
  expect(incoming.statusCode).toBe(201);
  const said = Buffer.from(incoming.headers["warning"] ?? "", "latin1").toString("utf8");
  expect(said).toContain(String.raw`299 - "unknown field \"名前\""`);
});

test("what was stored is there after a restart, and watches go on where they were", async () => {
  const folder = await mkdtemp(join(tmpdir(), "coldstream-again-"));
  const key = { namespace: "default", name: "kept" };
  let resourceVersion = "";
  {
    await using first = await openStage(folder);
    ({ resourceVersion = "" } = (await first.cluster.create(configMaps, { metadata: key }, { signal })).metadata);
    await first.cluster.patch(configMaps, key, { signal, merge: { data: { a: "b" } } });
  }
  await using second = await openStage(folder);
  for await (const event of second.cluster.watch(configMaps, {}, { signal, resourceVersion })) {
    expect(event).toMatchObject({ type: "modified", object: { data: { a: "b" } } });
    break;
  }
  const old = second.cluster.watch(configMaps, {}, { signal, resourceVersion: "999999" })[Symbol.asyncIterator]();
  expect(await failureOf(old.next())).toMatchObject({ reason: "Expired" });
  await rm(folder, { recursive: true });
});

test("nobody without a token is answered", async () => {
  expect(
    await failureOf(stage.as("wrong").get(secrets, { namespace: "default", name: "x" }, { signal })),
  ).toMatchObject({
    code: "not-permitted",
    status: 401,
  });
});
