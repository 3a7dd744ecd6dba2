import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configMaps, namespaces, ownedBy, persistentVolumeClaims, pods, serviceAccounts } from "../../src/kube/core.ts";
import type { KubeObject } from "../../src/kube/resource.ts";
import { persistentVolumes } from "../../src/machine/claims-protection.ts";
import type { Controllers } from "../../src/machine/controllers.ts";
import { machineJobs } from "../../src/machine/job/job.ts";
import type { Runner } from "../../src/machine/runner.ts";
import { eventually } from "../support/eventually.ts";
import { type ControllersPlace, image, isTrue, jobSpec, namespace, openControllersPlace } from "./controllers-place.ts";
import { servers } from "./servers.ts";

describe.each(servers)("garbage collection beside $name", ({ start, missing }) => {
  let place: ControllersPlace;
  let controllers: Controllers;
  let runner: Runner;
  beforeAll(async () => {
    if (missing !== undefined) return;
    place = await openControllersPlace(await start());
    controllers = await place.controllers();
    runner = await place.runner();
  }, 120_000);
  afterAll(async () => {
    await runner?.[Symbol.asyncDispose]();
    await controllers?.[Symbol.asyncDispose]();
    await place?.[Symbol.asyncDispose]();
  });

  const map = async (name: string, ...owners: readonly KubeObject[]) =>
    await place.create(
      configMaps,
      name,
      {},
      { ownerReferences: owners.map((owner) => ownedBy(owner, { controller: false })) },
    );
  const find = async (name: string) => await place.cluster.get(configMaps, { namespace, name }, place);
  const gone = async (name: string) =>
    await eventually(`${name} to go`, async () => (await find(name)) === undefined, { timeoutMs: 10_000 });
  const remove = async (name: string, propagation: "Background" | "Foreground" | "Orphan") =>
    await place.cluster.remove(configMaps, { namespace, name }, { ...place, propagation });

  test.skipIf(missing !== undefined)("takes what was owned, and what that owned", async () => {
    const a = await map("a");
    const b = await map("b", a);
    await map("c", b);
    await remove("a", "Background");
    for (const name of ["b", "c"]) await gone(name);
  });

  test.skipIf(missing !== undefined)(
    "keeps what another owns too, and takes the owner that is gone from its list",
    async () => {
      const [one, other] = [await map("one"), await map("other")];
      await map("shared", one, other);
      await remove("one", "Background");
      const left = await eventually("one owner", async () => {
        const owners = (await find("shared"))?.metadata.ownerReferences ?? [];
        return owners.length === 1 && owners;
      });
      expect(left[0]?.name).toBe("other");
    },
  );

  test.skipIf(missing !== undefined)(
    "takes what names an owner that is not there, or another of its name",
    async () => {
      const first = await map("renewed");
      await remove("renewed", "Orphan");
      await gone("renewed");
      await map("renewed");
      await map("late", first);
      await gone("late");
      expect(await find("renewed")).toBeDefined();
    },
  );

  test.skipIf(missing !== undefined)(
    "takes what looks for its owner in the wrong place, and nothing of that owner's",
    async () => {
      const owner = await map("looked-for");
      await map("rightful", owner);
      const reference = ownedBy(owner, { controller: false });
      await place.cluster.create(namespaces, { metadata: { name: "copies" } }, place);
      const wrong = [
        ["copies", "copied", reference],
        [namespace, "misnamed", { ...reference, name: "another" }],
        [namespace, "mistaken", { ...reference, kind: "Secret" }],
      ] as const;
      for (const [namespace, name, each] of wrong) {
        const metadata = { namespace, name, ownerReferences: [each] };
        await place.cluster.create(configMaps, { metadata }, place);
      }
      for (const [namespace, name] of wrong) {
        const read = async () => await place.cluster.get(configMaps, { namespace, name }, place);
        await eventually(`${name} to go`, async () => (await read()) === undefined);
      }
      const touch = { ...place, merge: { data: { a: "b" } } };
      await place.cluster.patch(configMaps, { namespace, name: "rightful" }, touch);
      await map("rightful-too", owner);
      // looked at after them
      await map("stray", { ...owner, metadata: { ...owner.metadata, name: "stray", uid: "none" } });
      await gone("stray");
      for (const name of ["rightful", "rightful-too"])
        expect((await find(name))?.metadata).toMatchObject({ name, ownerReferences: [{ uid: owner.metadata.uid }] });
    },
  );

  test.skipIf(missing !== undefined)("leaves what is owned by a kind that it does not know", async () => {
    const stranger = { apiVersion: "example.com/v1", kind: "Stranger", metadata: { name: "x", uid: "y" } };
    await map("strange", stranger);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await find("strange"))?.metadata.deletionTimestamp).toBeUndefined();
  });

  test.skipIf(missing !== undefined)(
    "leaves what lies in no namespace and names an owner that lies in one",
    async () => {
      const owner = ownedBy(await map("local"), { controller: false });
      const metadata = { name: "wide", ownerReferences: [owner] };
      await place.cluster.create(namespaces, { metadata }, place);
      // looked at after it
      await place.cluster.create(
        namespaces,
        { metadata: { name: "stray", ownerReferences: [{ ...owner, kind: "Namespace" }] } },
        place,
      );
      const find = async (name: string) => await place.cluster.get(namespaces, { name }, place);
      await eventually("stray to go", async () => (await find("stray")) === undefined);
      expect((await find("wide"))?.metadata).toMatchObject({ ownerReferences: [owner] });
      expect((await find("wide"))?.metadata.deletionTimestamp).toBeUndefined();
    },
  );

  test.skipIf(missing !== undefined)("in the foreground takes the owner last", async () => {
    const owner = await map("last");
    const held = { ownerReferences: [ownedBy(owner, { controller: false })], finalizers: ["example.com/hold"] };
    await place.create(configMaps, "held", {}, held);
    await remove("last", "Foreground");
    await eventually("its deletion", async () => (await find("held"))?.metadata.deletionTimestamp != null);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await find("last"))?.metadata.finalizers).toEqual(["foregroundDeletion"]);
    await place.cluster.patch(
      configMaps,
      { namespace, name: "held" },
      { ...place, merge: { metadata: { finalizers: null } } },
    );
    for (const name of ["held", "last"]) await gone(name);
  });

  test.skipIf(missing !== undefined)("lets orphans live", async () => {
    const owner = await map("parent");
    await map("child", owner);
    await remove("parent", "Orphan");
    await gone("parent");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const child = await find("child");
    expect(child?.metadata.deletionTimestamp).toBeUndefined();
    expect(child?.metadata.ownerReferences ?? []).toEqual([]);
  });

  test.skipIf(missing !== undefined)("ends the pods of a Job that was removed", async () => {
    await place.create(machineJobs, "cut", jobSpec("sleep 600"));
    await place.job("cut", ({ status }) => status?.ready === 1);
    await place.cluster.remove(machineJobs, { namespace, name: "cut" }, { ...place, propagation: "Background" });
    await eventually("no pods", async () => (await place.podsOf("cut")).length === 0, { timeoutMs: 15_000 });
  });

  test.skipIf(missing !== undefined)("ends a pod that was removed and whose node is not there", async () => {
    const abroad = { nodeName: "elsewhere", terminationGracePeriodSeconds: 600 };
    await place.create(machineJobs, "abroad", jobSpec("true", {}, abroad));
    const [pod] = await eventually("its pod", async () => {
      const all = await place.podsOf("abroad");
      return all.length === 1 && all;
    });
    const key = { namespace, name: pod?.metadata.name ?? "" };
    await place.cluster.remove(pods, key, place);
    const { status } = await place.job("abroad", isTrue("Failed"));
    expect(status?.failed).toBe(1);
    await eventually("it to go", async () => (await place.cluster.get(pods, key, place)) === undefined);
  });

  test.skipIf(missing !== undefined)("keeps a claim until its pod has ended", async () => {
    const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } };
    await place.create(persistentVolumeClaims, "claim", { spec });
    const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "claim" } }];
    const containers = [{ name: "main", image, args: ["sleep 600"] }];
    const podSpec = { restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers, volumes };
    await place.create(pods, "user", { spec: podSpec });
    const claim = async () => await place.cluster.get(persistentVolumeClaims, { namespace, name: "claim" }, place);
    await eventually("it to be bound", async () => (await claim())?.status?.["phase"] === "Bound");
    await eventually("the pod to run", async () => {
      const user = await place.cluster.get(pods, { namespace, name: "user" }, place);
      return user?.status?.phase === "Running";
    });
    const volume = { name: String((await claim())?.spec?.["volumeName"]) };
    await place.cluster.remove(persistentVolumeClaims, { namespace, name: "claim" }, place);
    expect((await claim())?.metadata.finalizers).toEqual(["kubernetes.io/pvc-protection"]);
    await place.create(pods, "late", { spec: podSpec });
    await eventually("the refusal of another pod", async () => {
      const conditions = (await place.cluster.get(pods, { namespace, name: "late" }, place))?.status?.conditions ?? [];
      return conditions.some(({ message = "" }) => message.includes('persistentvolumeclaim "claim" is being deleted'));
    });
    await place.cluster.remove(pods, { namespace, name: "user" }, place);
    await eventually("it to go", async () => (await claim()) === undefined, { timeoutMs: 15_000 });
    const isGone = async () => (await place.cluster.get(persistentVolumes, volume, place)) === undefined;
    await eventually("its volume to go", isGone, { timeoutMs: 15_000 });
  });

  test.skipIf(missing !== undefined)("takes a claim and a volume that nobody uses", async () => {
    const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } };
    await place.create(persistentVolumeClaims, "unused", { spec });
    const disk = { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Mi" }, hostPath: { path: "/nowhere" } };
    await place.create(persistentVolumes, "unused", { spec: disk }, { namespace: undefined });
    for (const [resource, key] of [
      [persistentVolumeClaims, { namespace, name: "unused" }],
      [persistentVolumes, { name: "unused" }],
    ] as const) {
      const find = async () => await place.cluster.get<KubeObject>(resource, key, place);
      expect((await find())?.metadata.finalizers).toHaveLength(1);
      await place.cluster.remove<KubeObject>(resource, key, place);
      await eventually("it to go", async () => (await find()) === undefined, { timeoutMs: 15_000 });
    }
  });

  test.skipIf(missing !== undefined)("furnishes a namespace, and empties it when it goes", async () => {
    const other = { namespace: "other" };
    await place.cluster.create(namespaces, { metadata: { name: "other" } }, place);
    await eventually(
      "the account",
      async () => await place.cluster.get(serviceAccounts, { ...other, name: "default" }, place),
    );
    const authority = await eventually(
      "the authority",
      async () => await place.cluster.get(configMaps, { ...other, name: "kube-root-ca.crt" }, place),
    );
    expect(authority.data?.["ca.crt"]).toBe(place.server.ca);
    await place.cluster.remove(serviceAccounts, { ...other, name: "default" }, place);
    await eventually(
      "another account",
      async () => await place.cluster.get(serviceAccounts, { ...other, name: "default" }, place),
    );
    const job = { metadata: { name: "busy", ...other }, ...jobSpec("sleep 600") };
    await place.cluster.create(machineJobs, job, place);
    await eventually(
      "it to run",
      async () => (await place.cluster.get(machineJobs, { ...other, name: "busy" }, place))?.status?.ready === 1,
    );
    await place.cluster.remove(namespaces, { name: "other" }, place);
    await eventually(
      "it to go",
      async () => (await place.cluster.get(namespaces, { name: "other" }, place)) === undefined,
      { timeoutMs: 20_000 },
    );
  });
});
