import { describe, expect, test } from "vitest";
import {
  appBinding,
  backupSession,
  configuration,
  containersOf,
  executorOf,
  flagsOf,
  jobSpec,
  madeOf,
  podOf,
  repository,
  restoreSession,
  settings,
} from "../../../tests/support/executor-sample.ts";
import { manifest } from "../../../tests/support/manifests.ts";
import { Repository } from "../../api/repository.ts";
import { Task } from "../../api/task.ts";
import { parseTaskFlags } from "../../api/task-flags.ts";
import { configMaps, jobs, persistentVolumeClaims, roleBindings, roles, serviceAccounts } from "../../kube/core.ts";

const jobName = "stash-backup-sample-nats-backup-1795230000-0";
const claim = { metadata: { name: "tmp" }, spec: { accessModes: ["ReadWriteOnce"] } };

describe("what carries a session out", () => {
  test("is made in the order in which it is needed", () => {
    const kindsOf = (spec: object) => executorOf(configuration(spec)).objects.map(({ resource }) => resource.kind);
    expect(kindsOf({})).toEqual(["ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Job"]);
    expect(kindsOf({ runtimeSettings: { pod: { serviceAccountName: "mine" } } })[0]).toBe("Role");
    expect(kindsOf({ interimVolumeTemplate: claim, hooks: { preBackup: { exec: { command: ["a"] } } } })).toEqual([
      ...["ServiceAccount", "Role", "RoleBinding", "RoleBinding", "ConfigMap", "PersistentVolumeClaim", "Job"],
    ]);
  });
  test("is what Kubernetes' own kinds look like", () => {
    const { objects } = executorOf(configuration({ interimVolumeTemplate: claim }));
    const schemas = [serviceAccounts, roles, roleBindings, configMaps, persistentVolumeClaims, jobs];
    for (const { resource, draft } of objects) {
      const schema = schemas.find(({ kind }) => kind === resource.kind)?.schema;
      expect(schema?.safeParse({ apiVersion: "v1", kind: resource.kind, ...draft }).error).toBeUndefined();
    }
  });
  test("belongs to the session, lies beside it, and has the invoker's labels and ours", () => {
    const { name, objects } = executorOf(
      configuration(
        { interimVolumeTemplate: claim },
        { labels: { team: "a", "app.kubernetes.io/managed-by": "Helm" } },
      ),
    );
    expect(name).toBe(jobName);
    const owner = { kind: "BackupSession", uid: "uid-of-the-session", controller: true };
    for (const { resource, draft } of objects) {
      expect(draft.metadata).toMatchObject({
        namespace: "demo",
        // the account serves all sessions
        ownerReferences: [resource.kind === "ServiceAccount" ? { kind: "BackupConfiguration" } : owner],
        labels: {
          team: "a",
          "app.kubernetes.io/managed-by": "stash.appscode.com",
          "app.kubernetes.io/component": "stash-backup",
        },
      });
    }
    const [account, ...names] = objects.map(({ draft }) => draft.metadata.name);
    expect(account).toBe("backupconfiguration-sample-nats-backup-0");
    expect(names).toEqual([jobName, jobName, jobName, "sample-nats-backup-1795230000-tmp", jobName]);
  });
  test("of a restore belongs to the RestoreSession", () => {
    const { name, objects } = executorOf(restoreSession());
    expect(name).toBe("stash-restore-sample-nats-restore-0");
    expect(madeOf(objects, "Job").metadata).toMatchObject({
      ownerReferences: [{ kind: "RestoreSession", name: "sample-nats-restore" }],
      labels: { "app.kubernetes.io/component": "stash-restore" },
    });
  });
  test("of the claim takes name and spec from the template, and nothing else", () => {
    const template = { metadata: { name: "tmp", labels: { a: "b" } }, spec: claim.spec, status: { phase: "Bound" } };
    const made = madeOf(
      executorOf(configuration({ interimVolumeTemplate: template })).objects,
      "PersistentVolumeClaim",
    );
    expect(made).toMatchObject({ spec: claim.spec });
    expect(made.metadata["labels"]).not.toHaveProperty("a");
    expect(made).not.toHaveProperty("status");
  });
  test("tells which params nobody looks at", () => {
    const params = [
      { name: "stream", value: "ORDERS" },
      { name: "waitTimeout", value: "5" },
    ];
    expect(executorOf(configuration({ task: { name: "nats-backup", params } })).unusedParams).toEqual(["stream"]);
  });
});

describe("the Job", () => {
  test("is tried once, and stays", () => {
    const { template: _, ...rest } = jobSpec(executorOf(configuration()));
    expect(rest).toEqual({ backoffLimit: 0 });
  });
  test.each<[string, object, object, string, number]>([
    ["all of timeOut at the session's creation", { timeOut: "1h30m" }, {}, "2026-11-21T03:00:00Z", 5400],
    ["what is left when the session has waited", { timeOut: "10m" }, {}, "2026-11-21T03:04:00.500Z", 360],
    ["one second when nothing is left", { timeOut: "10m" }, {}, "2026-11-21T03:30:00Z", 1],
    [
      "up to the deadline that the session has",
      { timeOut: "10m" },
      { status: { sessionDeadline: "2026-11-21T03:20:00Z" } },
      "2026-11-21T03:19:00Z",
      60,
    ],
  ])("has as its time %s", (_title, spec, fields, now, seconds) => {
    const invoker = configuration(spec);
    const around = { session: backupSession(invoker, fields), now: new Date(now) };
    expect(jobSpec(executorOf(invoker, around)).activeDeadlineSeconds).toBe(seconds);
  });
  test("runs the steps one after the other, the last as its main container", () => {
    const pod = podOf(executorOf(configuration()));
    expect(pod.initContainers?.map(({ name }) => name)).toEqual(["nats-backup-2-6-1-0"]);
    expect(pod.containers.map(({ name }) => name)).toEqual(["update-status-1"]);
    expect(pod.restartPolicy).toBe("Never");
  });
  test("runs a single step as its main container", () => {
    const task = Task.parse({
      ...{ apiVersion: "stash.appscode.com/v1beta1", kind: "Task", metadata: { name: "one" } },
      spec: { steps: [{ name: "update-status", params: [{ name: "outputDir", value: "/x" }] }] },
    });
    const pod = podOf(executorOf(configuration(), { task }));
    expect(pod).not.toHaveProperty("initContainers");
    expect(pod.containers.map(({ name }) => name)).toEqual(["update-status-0"]);
  });
  test("gives the programs flags that they read", () => {
    const [backup, status] = containersOf(podOf(executorOf(configuration())));
    expect(backup?.image).toBe(settings.image);
    expect(backup?.args?.slice(0, 2)).toEqual(["task", "nats-backup"]);
    expect(parseTaskFlags("nats-backup", backup?.args?.slice(2) ?? [])).toMatchObject({
      repository: "demo/gcs-repo",
      backupsession: "sample-nats-backup-1795230000",
      appbinding: "sample-nats",
      appbindingNamespace: "demo",
      interimDataDir: "/stash-tmp/stash-interim-volume/data",
      outputDir: "/stash-tmp/output",
      report: jobName,
      strategy: undefined,
    });
    expect(parseTaskFlags("update-status", status?.args?.slice(2) ?? [])).toMatchObject({
      backupsession: "sample-nats-backup-1795230000",
      restoresession: undefined,
      targetName: "sample-nats",
      metricsPushgatewayUrl: settings.pushgatewayUrl,
    });
    const [restored] = containersOf(podOf(executorOf(restoreSession())));
    expect(parseTaskFlags("nats-restore", restored?.args?.slice(2) ?? [])).toMatchObject({
      restoresession: "sample-nats-restore",
      snapshot: ["latest"],
      overwrite: false,
    });
  });
  test("gives a value with quotes and line ends as it was written", () => {
    const value = `{"a": "b"}\n\\\${HOSTNAME}`;
    const params = [{ name: "args", value }];
    const [backup] = containersOf(podOf(executorOf(configuration({ task: { name: "nats-backup", params } }))));
    expect(flagsOf(backup).get("nats-args")).toBe(value);
  });
});

describe("hooks", () => {
  const hooks = { preBackup: { exec: { command: ["a"] } }, postBackup: { tcpSocket: { port: 4222 } } };

  test("run first and last, in our image", () => {
    const pod = podOf(executorOf(configuration({ hooks })));
    expect(containersOf(pod).map(({ name }) => name)).toEqual([
      ...["pre-task-hook", "nats-backup-2-6-1-0", "update-status-1", "post-task-hook"],
    ]);
    expect(pod.containers.map(({ name }) => name)).toEqual(["post-task-hook"]);
    const [before] = containersOf(pod);
    expect(before).toMatchObject({ image: settings.image, imagePullPolicy: "IfNotPresent" });
    expect(parseTaskFlags("run-hook", before?.args?.slice(2) ?? [])).toEqual({
      phase: "pre",
      invokerKind: "BackupConfiguration",
      invokerName: "sample-nats-backup",
      namespace: "demo",
      backupsession: "sample-nats-backup-1795230000",
      restoresession: undefined,
      targetKind: "AppBinding",
      targetName: "sample-nats",
      targetNamespace: "demo",
      outputDir: "/stash-tmp/output",
    });
  });
  test("of a restore say which one", () => {
    const given = { preRestore: { exec: {} }, postRestore: { exec: {} } };
    const containers = containersOf(podOf(executorOf(restoreSession({ hooks: given }))));
    expect(containers.map(({ name }) => name)).toEqual([
      ...["pre-task-hook", "nats-restore-2-6-1-0", "update-status-1", "post-task-hook"],
    ]);
    expect(flagsOf(containers[0]).get("restoresession")).toBe("sample-nats-restore");
    expect(flagsOf(containers[3]).get("phase")).toBe("post");
  });
  test("see what the steps leave, and not the repository's own volume", () => {
    const local = { mountPath: "/safe", hostPath: { path: "/x" } };
    const around = { repository: Repository.parse({ ...repository, spec: { backend: { local } } }) };
    const executor = executorOf(configuration({ hooks, interimVolumeTemplate: claim }), around);
    const [before] = containersOf(podOf(executor));
    expect(before?.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual(["/stash-tmp", "/stash-interim-volume"]);
  });
});

describe("volumes", () => {
  const mountsOf = (spec: object, around = {}) => {
    const pod = podOf(executorOf(configuration(spec), around));
    for (const each of containersOf(pod)) expect(each.volumeMounts).toEqual(pod.containers[0]?.volumeMounts);
    return { volumes: pod.volumes, mounts: pod.containers[0]?.volumeMounts };
  };
  test("for temporary files is an emptyDir as tempDir says", () => {
    expect(mountsOf({})).toEqual({
      volumes: [{ name: "stash-tmp-dir", emptyDir: {} }],
      mounts: [{ name: "stash-tmp-dir", mountPath: "/stash-tmp" }],
    });
    expect(mountsOf({ tempDir: { medium: "Memory", sizeLimit: "2Gi" } }).volumes).toEqual([
      { name: "stash-tmp-dir", emptyDir: { medium: "Memory", sizeLimit: "2Gi" } },
    ]);
  });
  test("for data on its way is the session's claim", () => {
    const { volumes, mounts } = mountsOf({ interimVolumeTemplate: claim });
    expect(volumes?.[1]).toEqual({
      name: "stash-interim-volume",
      persistentVolumeClaim: { claimName: "sample-nats-backup-1795230000-tmp" },
    });
    expect(mounts?.[1]).toEqual({ name: "stash-interim-volume", mountPath: "/stash-interim-volume" });
  });
  test("of a local backend is mounted where it says", () => {
    const { volumes, mounts } = mountsOf({}, { repository: manifest("Repository", "settings", "disk") });
    expect(volumes?.[1]).toEqual({ name: "stash-local", nfs: { server: "nfs.storage.svc", path: "/" } });
    expect(mounts?.[1]).toEqual({ name: "stash-local", mountPath: "/safe/data", subPath: "nats" });
  });
  test("of the Task come too, in place of ours when they are called alike", () => {
    const task = manifest("Task", "catalog", "nats-backup-2.6.1");
    const volumes = [...(task.spec.volumes ?? []), { name: "stash-tmp-dir", hostPath: { path: "/fast" } }];
    const pod = podOf(executorOf(configuration(), { task: Task.parse({ ...task, spec: { ...task.spec, volumes } }) }));
    expect(pod.volumes).toEqual([
      { name: "stash-tmp-dir", hostPath: { path: "/fast" } },
      { name: "scratch", emptyDir: { medium: "Memory", sizeLimit: "64Mi" } },
      { name: "more", persistentVolumeClaim: { claimName: "more", readOnly: true } },
    ]);
  });
});

describe("a request that makes no sense is refused with a sentence", () => {
  const local = Repository.parse({ ...repository, spec: { backend: { local: { mountPath: "/safe" } } } });
  test.each<[string, () => unknown, string]>([
    [
      "a local backend without a volume",
      () => executorOf(configuration(), { repository: local }),
      "Repository demo/gcs-repo: its local backend names no volume",
    ],
    [
      "a backup with the Task of a restore",
      () => executorOf(configuration({ task: { name: "nats-restore-2.6.1" } })),
      "BackupConfiguration demo/sample-nats-backup: the Task nats-restore-2.6.1 is for restores",
    ],
    [
      "rules that contradict each other",
      () => executorOf(restoreSession({ rules: [{}, {}] })),
      "RestoreSession demo/sample-nats-restore: spec.rules: 2 rules are without targetHosts, only one may be",
    ],
    ["no Task", () => executorOf(configuration({ task: undefined }), { appBinding }), "name no Task"],
  ])("%s", (_title, build, sentence) => {
    expect(build).toThrow(expect.objectContaining({ code: "configuration-invalid" }));
    expect(build).toThrow(sentence);
  });
});
