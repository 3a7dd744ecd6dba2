import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withCondition } from "../../src/api/condition.ts";
import { openHosts } from "../../src/kit/hosts.ts";
import { openCluster } from "../../src/kube/client.ts";
import type { Cluster, Draft } from "../../src/kube/cluster.ts";
import * as core from "../../src/kube/core.ts";
import { inCluster } from "../../src/kube/in-cluster.ts";
import { recorder } from "../../src/kube/recorder.ts";
import { type KubeObject, type Resource, resourceOf } from "../../src/kube/resource.ts";
import { addFinalizer, createOnce, ensure, removeFinalizer, updateStatus } from "../../src/kube/update.ts";
import { type ControlPlane, controlPlaneMissing, startControlPlane } from "../support/control-plane.ts";
import { failureOf } from "../support/failure-of.ts";
import { kubectl } from "../support/kubectl.ts";

const missing = controlPlaneMissing();
const { signal } = new AbortController();
const namespace = "objects";
const at = (name: string) => ({ namespace, name });
const sessions = resourceOf("BackupSession");
const { configMaps, jobs, ownedBy, secrets } = core;
const containers = [{ name: "a", image: "x:1", env: [{ name: "A", value: "b" }] }];
const template = { spec: { containers, restartPolicy: "Never" } };

describe.skipIf(missing !== undefined)(
  `objects of a real API server${missing === undefined ? "" : ` (${missing})`}`,
  () => {
    let plane: ControlPlane;
    let cluster: Cluster;
    beforeAll(async () => {
      plane = await startControlPlane();
      cluster = openCluster(plane.settings);
      await plane.createNamespace(namespace);
    });
    afterAll(async () => {
      await cluster?.[Symbol.asyncDispose]();
      await plane?.stop();
    });

    test("are made, read, changed and removed", async () => {
      const key = at("plain");
      const made = await cluster.create(configMaps, { metadata: key, data: { a: "1" } }, { signal });
      expect((await failureOf(cluster.create(configMaps, { metadata: key }, { signal }))).code).toBe("object-exists");
      const patched = await cluster.patch(configMaps, key, { merge: { data: { a: null, b: "2" } }, signal });
      expect(patched?.data).toEqual({ b: "2" });
      expect((await failureOf(cluster.replace(configMaps, made, { signal }))).code).toBe("object-changed");
      expect(await cluster.remove(configMaps, key, { uid: "another", signal })).toBe(false);
      expect(await cluster.remove(configMaps, key, { uid: made.metadata.uid ?? "", signal })).toBe(true);
      expect(await cluster.get(configMaps, key, { signal })).toBeUndefined();
      expect(await cluster.patch(configMaps, key, { merge: {}, signal })).toBeUndefined();
      expect(await cluster.remove(configMaps, key, { signal })).toBe(false);
    });
    test("of a kind or namespace that is not there are a failure with a hint", async () => {
      const odd: Resource<KubeObject> = { ...configMaps, group: "example.com", kind: "Odd", plural: "odds" };
      expect(await failureOf(cluster.get(odd, at("x"), { signal }))).toMatchObject({ reason: "NotServed" });
      expect(await failureOf(cluster.list({ ...configMaps, plural: "odds" }, {}, { signal }))).toMatchObject({
        reason: "NotServed",
      });
      const draft = { metadata: { namespace: "nowhere", name: "x" } };
      expect(await failureOf(cluster.create(configMaps, draft, { signal }))).toMatchObject({ reason: "NotFound" });
    });
    test("that are wrong are refused with the server's sentence", async () => {
      const draft = { metadata: at("wrong"), spec: { invoker: { name: "x" } } };
      const failure = await failureOf(cluster.create(sessions, draft, { signal }));
      expect(failure.code).toBe("configuration-invalid");
      expect(failure.message).toContain("spec.invoker.kind");
    });
    test("in their hundreds are listed page by page, once each", async () => {
      await using many = openCluster({ ...plane.settings, limits: { pageItems: 100 } });
      const labels = { many: "yes" };
      const names = Array.from({ length: 1_200 }, (_, index) => `many-${String(index).padStart(4, "0")}`);
      await Promise.all(
        names.map((name) => many.create(configMaps, { metadata: { ...at(name), labels } }, { signal })),
      );
      const { items, refused } = await many.list(configMaps, { labelSelector: "many=yes" }, { signal });
      expect(items.map(({ metadata }) => metadata.name)).toEqual(names);
      expect(refused).toEqual([]);
      expect(items[0]?.metadata).not.toHaveProperty("managedFields");
    });
    test("have no log when there is no such pod or it has not begun", async () => {
      const asked = { container: "a", tailLines: 5, signal };
      expect(await cluster.log(at("absent"), asked)).toBeUndefined();
      await cluster.create(core.pods, { metadata: at("pending"), spec: { containers } }, { signal });
      expect((await cluster.log(at("pending"), asked)) ?? "").toBe("");
    });

    describe("with a status", () => {
      const spec = { invoker: { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: "nightly" } };
      const types = [
        "BackendRepositoryInitialized",
        "RetentionPolicyApplied",
        "RepositoryIntegrityVerified",
        "MetricsPushed",
      ] as const;

      test("keep what several writers add at once", async () => {
        await cluster.create(sessions, { metadata: at("busy"), spec }, { signal });
        const write = (type: (typeof types)[number]) =>
          updateStatus(
            cluster,
            sessions,
            at("busy"),
            ({ status }) => {
              const news = { type, status: "True", reason: "Done", message: "done" } as const;
              return { ...status, conditions: [...withCondition(status?.conditions, news, new Date())] };
            },
            { signal },
          );
        await Promise.all([...types, ...types].map(write));
        const { status } = (await cluster.get(sessions, at("busy"), { signal })) ?? {};
        expect(status?.conditions?.map(({ type }) => type).toSorted()).toEqual([...types].toSorted());
      });
      test("change in nothing else", async () => {
        const made = await cluster.create(sessions, { metadata: at("apart"), spec }, { signal });
        await addFinalizer(cluster, sessions, at("apart"), { finalizer: "example.com/x", signal });
        const write = () =>
          updateStatus(cluster, sessions, at("apart"), () => ({ phase: "Pending" as const }), { signal, from: made });
        expect((await write())?.metadata.finalizers).toEqual(["example.com/x"]);
        expect(await cluster.remove(sessions, at("apart"), { signal })).toBe(true);
        expect((await cluster.get(sessions, at("apart"), { signal }))?.metadata.deletionTimestamp).toBeDefined();
        await removeFinalizer(cluster, sessions, at("apart"), { finalizer: "example.com/x", signal });
        expect(await cluster.get(sessions, at("apart"), { signal })).toBeUndefined();
        expect(await write()).toBeUndefined();
      });
    });

    describe("that are ensured", () => {
      const job = { template, backoffLimit: 0 };
      const rules = [{ apiGroups: [""], resources: ["secrets"], resourceNames: ["a"], verbs: ["get"] }];
      const subjects = [{ kind: "ServiceAccount", name: "x", namespace }];
      const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "x" };
      const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
      test.each<[string, Resource<never>, Readonly<Record<string, unknown>>]>([
        [
          "CronJob",
          core.cronJobs as never,
          { spec: { schedule: "* * * * *", jobTemplate: { spec: job }, concurrencyPolicy: "Forbid" } },
        ],
        ["Job", core.jobs as never, { spec: job }],
        ["Role", core.roles as never, { rules }],
        ["RoleBinding", core.roleBindings as never, { roleRef, subjects }],
        ["ServiceAccount", core.serviceAccounts as never, { imagePullSecrets: [{ name: "pull" }] }],
        ["ConfigMap", core.configMaps as never, { data: {} }],
        ["Secret", core.secrets as never, { type: "Opaque", data: { a: "YQ==" } }],
        ["PersistentVolumeClaim", core.persistentVolumeClaims as never, { spec: claim }],
        [
          "Service",
          core.services as never,
          { spec: { selector: { a: "b" }, ports: [{ port: 80, targetPort: 8080 }] } },
        ],
      ])("are made once and then are the same: %s", async (_title, resource: Resource<KubeObject>, fields) => {
        const owner = await cluster.create(configMaps, { metadata: { generateName: "owner-", namespace } }, { signal });
        const metadata = { ...at("ensured"), labels: { app: "x" }, annotations: {}, ownerReferences: [ownedBy(owner)] };
        const draft: Draft = { metadata, ...fields };
        expect(await ensure(cluster, resource, draft, { signal })).toBe("created");
        const version = async () => (await cluster.get(resource, at("ensured"), { signal }))?.metadata.resourceVersion;
        const before = await version();
        expect(await ensure(cluster, resource, draft, { signal })).toBe("same");
        expect(await createOnce(cluster, resource, draft, { signal })).toBe("same");
        const labelled = { ...draft, metadata: { ...metadata, labels: { app: "x", more: "y" } } };
        expect(await ensure(cluster, resource, labelled, { signal })).toBe("changed");
        expect(await version()).not.toBe(before);
      });
      test("by many at once, are made once", async () => {
        const draft = { metadata: at("once"), data: { a: "1" } };
        const outcomes = await Promise.all(
          Array.from({ length: 10 }, () => ensure(cluster, configMaps, draft, { signal })),
        );
        expect(outcomes.filter((outcome) => outcome === "created")).toHaveLength(1);
        expect(outcomes).not.toContain("changed");
      });
      test("are taken from nobody", async () => {
        const [one, two] = [
          await cluster.create(configMaps, { metadata: at("owner-one") }, { signal }),
          await cluster.create(configMaps, { metadata: at("owner-two") }, { signal }),
        ];
        const draft = (owner: core.ConfigMap): Draft => ({
          metadata: { ...at("owned"), ownerReferences: [ownedBy(owner)] },
        });
        expect(await ensure(cluster, secrets, draft(one), { signal })).toBe("created");
        expect((await failureOf(ensure(cluster, secrets, draft(two), { signal }))).message).toContain(
          "belongs to ConfigMap owner-one",
        );
      });
    });

    test("have events that kubectl shows, counted", async () => {
      const job = await cluster.create(jobs, { metadata: at("told"), spec: { template } }, { signal });
      const tell = recorder(cluster, { component: "coldstream" });
      const news = { type: "Warning", reason: "BackupFailed", message: "the bucket is gone" } as const;
      for (let times = 0; times < 3; times++) await tell.event(job, news);
      const shown = await kubectl(plane, ["describe", "job", "told", "-n", namespace]);
      expect(shown.stdout).toMatch(/Warning +BackupFailed +\S+ \(x3 over .*\) +coldstream +the bucket is gone/);
    });

    describe("are asked for from inside a pod", () => {
      let folder = "";
      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "pod-"));
        await writeFile(join(folder, "ca.crt"), plane.ca);
        await writeFile(join(folder, "namespace"), namespace);
        await writeFile(join(folder, "token"), await plane.createToken(namespace, "default"));
      });
      afterAll(async () => await rm(folder, { recursive: true }));
      const settings = () => {
        const table = { "kubernetes.default.svc:443": `127.0.0.1:${plane.port}` };
        return inCluster({ host: "kubernetes.default.svc", port: 443, folder, resolve: openHosts(table).lookup });
      };

      test("with the rights of its ServiceAccount, by the server's own name", async () => {
        await using pod = openCluster(settings());
        const failure = await failureOf(pod.get(secrets, at("x"), { signal }));
        expect(failure).toMatchObject({ code: "not-permitted", reason: "Forbidden" });
        expect(failure.message).toContain(`system:serviceaccount:${namespace}:default`);
        const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }];
        await cluster.create(core.roles, { metadata: at("reader"), rules }, { signal });
        const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" };
        const subjects = [{ kind: "ServiceAccount", name: "default", namespace }];
        await cluster.create(core.roleBindings, { metadata: at("reader"), roleRef, subjects }, { signal });
        await expect
          .poll(async () => await pod.get(configMaps, at("absent"), { signal }).catch(() => "refused"))
          .toBeUndefined();
      });
      test("with a new token when the old one is refused", async () => {
        const good = await plane.createToken(namespace, "default");
        await writeFile(join(folder, "token"), "run-out");
        await using pod = openCluster(settings());
        expect((await failureOf(pod.get(configMaps, at("a"), { signal }))).code).toBe("not-permitted");
        const asking = pod.get(configMaps, at("a"), { signal }).catch(() => "refused");
        // in one step, as a kubelet does: half a token is none
        await writeFile(join(folder, "next"), good);
        await rename(join(folder, "next"), join(folder, "token"));
        expect(["refused", undefined]).toContain(await asking);
        expect(await pod.get(configMaps, at("a"), { signal })).toBeUndefined();
      });
    });
  },
);
