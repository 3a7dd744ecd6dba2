import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { kinds } from "../../src/api/kinds.ts";
import { type ControlPlane, controlPlaneMissing, startControlPlane } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";

const folder = join(import.meta.dirname, "../fixtures/manifests");
const manifests = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).sort();

const Conditions = z.object({ status: z.object({ conditions: z.array(z.looseObject({ type: z.string() })) }) });
const Items = z.object({
  items: z.array(z.looseObject({ metadata: z.looseObject({ ownerReferences: z.array(z.unknown()) }) })),
});

describe.skipIf(controlPlaneMissing() !== undefined)("a real control plane", () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startControlPlane();
    await Promise.all(["demo", "messaging", "backups"].map((name) => plane.createNamespace(name)));
  });
  afterAll(async () => await plane?.stop());

  test("takes our definitions as they lie in deploy/crds, and has nothing to say against them", async () => {
    const names = Object.values(kinds).map(({ plural, group }) => `${plural}.${group}`);
    expect(names).toHaveLength(11);
    for (const name of names) {
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
      const { conditions } = Conditions.parse(await plane.request({ method: "GET", path })).status;
      const states = Object.fromEntries(conditions.map(({ type, status }) => [type, status]));
      expect({ name, states }).toEqual({ name, states: { NamesAccepted: "True", Established: "True" } });
    }
  });

  test.each(manifests)("accepts %s, no field of it unknown", async (name) => {
    const args = ["apply", "--dry-run=server", "--validate=strict", "-f", join(folder, name)];
    const { exit, stderr } = await kubectl(plane, args);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
  });

  test("keeps every field of a manifest", async () => {
    const applied = ["apply", "--dry-run=server", "-o", "json", "-f", join(folder, "helm.yaml")];
    const first = await kubectl(plane, applied);
    const { items } = z.object({ items: z.array(z.looseObject({ kind: z.string() })) }).parse(JSON.parse(first.stdout));
    const configuration = items.find(({ kind }) => kind === "BackupConfiguration");
    expect(configuration).toMatchObject({
      spec: {
        schedule: "*/5 * * * *",
        interimVolumeTemplate: {
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
        },
        retentionPolicy: { name: "keep-last-5", keepLast: 5, prune: true },
      },
    });
  });

  test("shows the columns that Stash's users know", async () => {
    await plane.createNamespace("columns");
    const text = await readFile(join(folder, "helm.yaml"), "utf8");
    await plane.apply(text.replaceAll("namespace: demo", "namespace: columns"));
    const status = { integrity: true, totalSize: "1.382 KiB", snapshotCount: 2, lastBackupTime: new Date() };
    const path = "/apis/stash.appscode.com/v1alpha1/namespaces/columns/repositories/gcs-repo/status";
    const contentType = "application/merge-patch+json";
    await plane.request({ method: "PATCH", path, body: { status }, contentType });
    const table = async (kind: string) => {
      const { stdout } = await kubectl(plane, ["get", kind, "-n", "columns"]);
      return stdout.split("\n").map((line) => line.trim().split(/ {2,}/));
    };
    const [configurations, configuration] = await table("backupconfigurations");
    expect(configurations).toEqual(["NAME", "TASK", "SCHEDULE", "PAUSED", "PHASE", "AGE"]);
    expect(configuration?.slice(0, 3)).toEqual(["sample-nats-backup", "nats-backup-2.6.1", "*/5 * * * *"]);
    const [repositories, repository] = await table("repositories");
    expect(repositories).toEqual(["NAME", "INTEGRITY", "SIZE", "SNAPSHOT-COUNT", "LAST-SUCCESSFUL-BACKUP", "AGE"]);
    expect(repository?.slice(0, 4)).toEqual(["gcs-repo", "true", "1.382 KiB", "2"]);
  });

  test("makes Jobs of a CronJob, and pods of a Job", async () => {
    await plane.apply(`
apiVersion: batch/v1
kind: CronJob
metadata: {name: every-second, namespace: demo}
spec:
  schedule: "@every 1s"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: one, image: nothing}]`);
    const path = "/api/v1/namespaces/demo/pods?labelSelector=batch.kubernetes.io/job-name";
    const pod = await eventually("a pod of the CronJob's Job", async () => {
      const { items } = Items.parse(await plane.request({ method: "GET", path }));
      return items[0];
    });
    expect(pod.metadata.ownerReferences).toEqual([expect.objectContaining({ kind: "Job", controller: true })]);
  });

  test("takes away what an object of ours owned, seconds after it is gone", async () => {
    await plane.createNamespace("owners");
    const text = await readFile(join(folder, "helm.yaml"), "utf8");
    await plane.apply(text.replaceAll("namespace: demo", "namespace: owners"));
    const repository = "/apis/stash.appscode.com/v1alpha1/namespaces/owners/repositories/gcs-repo";
    const Owner = z.object({ metadata: z.object({ uid: z.string() }) });
    const { uid } = Owner.parse(await plane.request({ method: "GET", path: repository })).metadata;
    const owner = { apiVersion: "stash.appscode.com/v1alpha1", kind: "Repository", name: "gcs-repo", uid };
    const metadata = { name: "owned", ownerReferences: [owner] };
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata };
    await plane.request({ method: "POST", path: "/api/v1/namespaces/owners/configmaps", body });
    await plane.request({ method: "DELETE", path: repository });
    const path = "/api/v1/namespaces/owners/configmaps/owned";
    const gone = async () =>
      await plane.request({ method: "GET", path }).then(
        () => false,
        (error: Error) => error.message.includes(": 404 "),
      );
    await eventually("the end of the ConfigMap", gone, { timeoutMs: 20_000 });
  });

  test("keeps a ServiceAccount to its rights", async () => {
    await plane.createNamespace("rights");
    const token = await plane.createToken("rights", "default");
    const args = ["--token", token, "auth", "can-i", "get", "secrets", "-n", "rights"];
    const { folder: home, server } = plane;
    const anonymous = { folder: home, kubeconfig: join(home, "no-such-file") };
    const place = ["--server", server, "--tls-server-name", "kubernetes", "--certificate-authority"];
    const answer = await kubectl(anonymous, [...place, join(home, "certs/apiserver.crt"), ...args]);
    expect(answer).toMatchObject({ stdout: "no\n", exit: 1 });
  });

  test("comes back after a crash of the API server with what was in it", async () => {
    await plane.createNamespace("kept");
    await plane.restartApiServer();
    const { stdout } = await kubectl(plane, ["get", "namespace", "kept", "-o", "name"]);
    expect(stdout).toBe("namespace/kept\n");
  });
});
