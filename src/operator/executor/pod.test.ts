import { describe, expect, test } from "vitest";
import {
  configuration,
  containersOf,
  executorOf,
  jobSpec,
  podOf,
  restoreSession,
  settings,
} from "../../../tests/support/executor-sample.ts";
import { manifest } from "../../../tests/support/manifests.ts";
import type { StashFunction } from "../../api/function.ts";
import type { Container } from "../../kube/core.ts";

function podWith(runtimeSettings: object) {
  return podOf(executorOf(configuration({ runtimeSettings })));
}

function containersWith(container: object, functions: readonly StashFunction[] = []): readonly Container[] {
  const invoker = configuration({ runtimeSettings: { container }, hooks: { postBackup: { exec: {} } } });
  return containersOf(podOf(executorOf(invoker, { functions })));
}

describe("a pod without settings", () => {
  test("runs as nobody, may write to its volumes, and gains no rights", () => {
    const pod = podWith({});
    expect(pod["securityContext"]).toEqual({
      runAsUser: 65534,
      runAsGroup: 65534,
      fsGroup: 65534,
      fsGroupChangePolicy: "OnRootMismatch",
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    for (const container of containersOf(pod)) {
      expect(container["securityContext"]).toEqual({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      });
    }
  });
  test("has the invoker's account and its token, and no variables for Services", () => {
    expect(podWith({})).toMatchObject({
      serviceAccountName: "backupconfiguration-sample-nats-backup-0",
      automountServiceAccountToken: true,
      enableServiceLinks: false,
    });
    expect(podOf(executorOf(restoreSession())).serviceAccountName).toBe("restoresession-sample-nats-restore-0");
  });
  test("tells its containers who they are, and where they may write", () => {
    for (const { env } of containersOf(podWith({}))) {
      expect(env).toEqual([
        { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
        { name: "HOME", value: "/stash-tmp" },
        { name: "TMPDIR", value: "/stash-tmp" },
      ]);
    }
  });
  test("pulls with copies of the operator's Secrets", () => {
    const around = { settings: { ...settings, pullSecrets: ["registry"] } };
    const imagePullSecrets = [{ name: "own" }, { name: "registry-backupconfiguration-sample-nats-backup" }];
    const executor = executorOf(configuration({ runtimeSettings: { pod: { imagePullSecrets } } }), around);
    expect(podOf(executor)["imagePullSecrets"]).toEqual([
      { name: "registry-backupconfiguration-sample-nats-backup" },
      { name: "own" },
    ]);
  });
});

describe("the settings of a pod", () => {
  test("are applied, all of them", () => {
    const pod = {
      nodeSelector: { disk: "ssd" },
      nodeName: "n1",
      affinity: { nodeAffinity: {} },
      schedulerName: "s",
      tolerations: [{ key: "a", operator: "Exists" }],
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }],
      priorityClassName: "low",
      priority: 5,
      readinessGates: [{ conditionType: "a" }],
      runtimeClassName: "gvisor",
      serviceAccountName: "mine",
      automountServiceAccountToken: false,
      enableServiceLinks: true,
      imagePullSecrets: [{ name: "pull" }],
    };
    expect(podWith({ pod })).toMatchObject(pod);
  });
  test("label and annotate the pod, our own labels excepted", () => {
    const podLabels = { team: "b", "app.kubernetes.io/component": "mine" };
    const runtimeSettings = { pod: { podLabels, podAnnotations: { a: "b" } } };
    const executor = executorOf(configuration({ runtimeSettings }, { labels: { team: "a", more: "c" } }));
    expect(jobSpec(executor).template.metadata).toEqual({
      labels: {
        team: "b",
        more: "c",
        "app.kubernetes.io/managed-by": "stash.appscode.com",
        "app.kubernetes.io/component": "stash-backup",
      },
      annotations: { a: "b" },
    });
  });
  test.each<[string, object, object, object]>([
    [
      "takes the place of ours",
      { fsGroup: 5 },
      { fsGroup: 5 },
      { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    ],
    ["also when it is empty", {}, {}, { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } }],
    ["that says root leaves root its capabilities", { runAsUser: 0 }, { runAsUser: 0 }, {}],
  ])("a securityContext %s", (_title, securityContext, ofPod, ofContainer) => {
    const pod = podWith({ pod: { securityContext } });
    expect(pod["securityContext"]).toEqual(ofPod);
    for (const container of containersOf(pod)) expect(container["securityContext"]).toEqual(ofContainer);
  });
});

describe("the settings of containers", () => {
  test("reach every container, hooks too", () => {
    const container = {
      resources: { limits: { cpu: 1 }, requests: { cpu: "200m" } },
      securityContext: { readOnlyRootFilesystem: true },
      envFrom: [{ secretRef: { name: "s" } }],
      env: [{ name: "NATS_TIMEOUT", value: "30s" }],
    };
    const all = containersWith(container);
    expect(all).toHaveLength(3);
    for (const { env, ...rest } of all) {
      expect({ ...rest, env: env?.slice(-1) }).toMatchObject(container);
    }
  });
  test("may ask for resources without limiting them", () => {
    for (const { resources } of containersWith({ resources: { requests: { memory: "1Gi" } } })) {
      expect(resources).toEqual({ requests: { memory: "1Gi" } });
    }
  });
  test("say how nice restic is, by variables", () => {
    for (const { env } of containersWith({ nice: { adjustment: 19 }, ionice: { class: 2, classData: 7 } })) {
      expect(env?.slice(4)).toEqual([
        { name: "NICE_ADJUSTMENT", value: "19" },
        { name: "IONICE_CLASS", value: "2" },
        { name: "IONICE_CLASS_DATA", value: "7" },
      ]);
    }
  });
  test("replace variables by name, ours too", () => {
    const [first] = containersWith({ env: [{ name: "POD_NAME", value: "mine" }] });
    expect(first?.env?.map(({ name, value }) => [name, value])).toEqual([
      ["POD_NAME", "mine"],
      ["POD_NAMESPACE", undefined],
      ["HOME", "/stash-tmp"],
      ["TMPDIR", "/stash-tmp"],
    ]);
  });
  test("with probes and lifecycle go to the main container: Kubernetes takes none on those before it", () => {
    const probe = { exec: { command: ["true"] } };
    const container = { livenessProbe: probe, readinessProbe: probe, lifecycle: { preStop: probe } };
    const all = containersWith(container);
    expect(all.at(-1)).toMatchObject(container);
    for (const each of all.slice(0, -1)) {
      for (const field of Object.keys(container)) expect(each).not.toHaveProperty(field);
    }
  });
  test("of a Function hold for its container, the invoker's over them", () => {
    const theirs = manifest("Function", "catalog", "nats-backup-2.6.1");
    const [first, second] = containersWith({ env: [{ name: "NATS_TIMEOUT", value: "5s" }], nice: { adjustment: 1 } }, [
      theirs,
    ]);
    expect(first).toMatchObject({
      ports: theirs.spec.ports,
      envFrom: [{ secretRef: { name: "nats-settings" } }],
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    });
    const env = new Map(first?.env?.map(({ name, value }) => [name, value]));
    expect(Object.fromEntries(env)).toMatchObject({ NATS_TIMEOUT: "5s", NICE_ADJUSTMENT: "1", IONICE_CLASS: "2" });
    expect(first?.volumeMounts).toContainEqual({ name: "scratch", mountPath: "/scratch" });
    expect(second).not.toHaveProperty("envFrom");
  });
});
