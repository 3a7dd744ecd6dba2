/** The pod runner, the operator and kubectl on our API server: none of them can tell it from a cluster's. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/kit/log.ts";
import { startProgram } from "../../src/kit/program.ts";
import { namespaces, pods } from "../../src/kube/core.ts";
import { resourceOf } from "../../src/kube/resource.ts";
import { startRunner } from "../../src/machine/runner.ts";
import { openRegistry } from "../../src/metrics/registry.ts";
import { catalogueStream, toStream } from "../../src/operator/catalogue/stream.ts";
import { runOperator } from "../../src/operator/operator.ts";
import { rightsManifests } from "../../src/operator/rights/manifests.ts";
import { appBinding, backupConfiguration, repository, secret } from "../operator/documents.ts";
import { eventually } from "../support/eventually.ts";
import { openStage, type Stage } from "./stage.ts";

const image = "coldstream.test/coldstream:1";
const stop = new AbortController();
const { signal } = stop;
let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => {
  stop.abort();
  await stage[Symbol.asyncDispose]();
});

async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const end = await stage.kubectl(args, input);
  expect(end.stderr.replaceAll(/^Warning: .*\n/gm, "")).toBe("");
  return end.stdout;
}

describe("the pod runner", () => {
  test("runs pods, tells their logs, and ends them", { timeout: 60_000 }, async () => {
    await using runner = await startRunner(stage.cluster, {
      ...{ node: "machine-a", folder: join(stage.folder, "runner"), image, signal, entry: ["/bin/sh", "-c"] },
      environment: { PATH: "/usr/bin:/bin" },
      clientAuthority: stage.api.caPem,
    });
    const tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    const pod = (name: string, script: string) => ({
      ...{ apiVersion: "v1", kind: "Pod", metadata: { name } },
      spec: {
        restartPolicy: "Never",
        terminationGracePeriodSeconds: 1,
        containers: [{ name: "main", image, args: [script] }],
      },
    });
    await kubectl(["apply", "-f", "-"], JSON.stringify(pod("short", "echo out; echo $COLDSTREAM_MOUNTS")));
    const phase = async (name: string) =>
      (await stage.cluster.get(pods, { namespace: "default", name }, { signal }))?.status?.phase;
    await eventually("the pod's end", async () => (await phase("short")) === "Succeeded");
    expect(await kubectl(["logs", "short"])).toMatch(/^out\n/);
    expect(await kubectl(["logs", "short"])).toContain(tokenFile.slice(0, 20));
    expect(await kubectl(["get", "pods"])).toMatch(/short +0\/1 +Completed/);
    await kubectl(["apply", "-f", "-"], JSON.stringify(pod("long", "echo on; exec sleep 1000")));
    await eventually("the pod's start", async () => (await phase("long")) === "Running");
    await kubectl(["delete", "pod", "long"]);
    expect(await phase("long")).toBeUndefined();
    expect(await kubectl(["get", "nodes"])).toMatch(/machine-a +Ready/);
    expect(runner.node).toBe("machine-a");
  });
});

describe("the operator", () => {
  test("works with the rights of its own account", { timeout: 60_000 }, async () => {
    const { cluster } = stage;
    const [system, namespace] = ["coldstream", "demo"];
    for (const name of [system, namespace]) await cluster.create(namespaces, { metadata: { name } }, { signal });
    const manifests = toStream(rightsManifests({ namespace: system, image, pullSecrets: [] }));
    await kubectl(["apply", "-f", "-"], `${catalogueStream(image)}\n${manifests}`);
    const token = (await kubectl(["create", "token", "-n", system, "coldstream-operator"])).trim();
    const ending = new AbortController();
    const running = runOperator(
      stage.as(token),
      { image, pullSecrets: [], namespace: system },
      {
        ...{ signal: ending.signal, log: silentLog, identity: "one", metrics: openRegistry() },
        lease: { namespace: system, name: "coldstream-operator" },
      },
    );
    const place = { namespace };
    const schedule = { schedule: "0 0 1 1 *" };
    const documents = [secret(place), repository(place), appBinding(place), backupConfiguration(place, schedule)];
    await kubectl(["apply", "-f", "-"], toStream(documents));
    const sessions = resourceOf("BackupConfiguration");
    const key = { namespace, name: "sample-nats-backup" };
    await eventually("Ready", async () => (await cluster.get(sessions, key, { signal }))?.status?.phase === "Ready", {
      timeoutMs: 20_000,
    });
    expect(await kubectl(["get", "-n", namespace, "bc"])).toMatch(/nats-backup-2.6.1 +0 0 1 1 \* +Ready/);
    expect(await kubectl(["get", "-n", namespace, "cronjobs"])).toContain("0 0 1 1 *");
    ending.abort();
    await running;
  });
});

describe("kubectl", () => {
  test("makes, shows, changes and removes", { timeout: 60_000 }, async () => {
    expect(await kubectl(["create", "configmap", "one", "--from-literal=a=b"])).toBe("configmap/one created\n");
    const two = (data: object) =>
      JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "two" }, data });
    expect(await kubectl(["apply", "-f", "-"], two({ a: "b", c: "d" }))).toBe("configmap/two created\n");
    expect(await kubectl(["apply", "-f", "-"], two({ a: "x" }))).toBe("configmap/two configured\n");
    expect(await kubectl(["get", "cm", "two", "-o", "jsonpath={.data}"])).toBe('{"a":"x"}');
    expect(await kubectl(["label", "cm", "one", "k=v"])).toBe("configmap/one labeled\n");
    expect(await kubectl(["patch", "cm", "one", "-p", '{"data":{"z":"1"}}'])).toBe("configmap/one patched\n");
    expect(await kubectl(["get", "cm", "-l", "k=v"])).toMatch(/^NAME +DATA +AGE\none +2 +\d+s\n$/);
    expect(await kubectl(["delete", "cm", "one", "two"])).toContain('"two" deleted');
    expect(await kubectl(["create", "secret", "generic", "s", "--from-literal=p=q"])).toBe("secret/s created\n");
    expect(await kubectl(["get", "secret", "s", "-o", "jsonpath={.data.p}"])).toBe("cQ==");
  });

  test("follows with -w", { timeout: 60_000 }, async () => {
    const make = async (name: string) => {
      const metadata = { name, labels: { watched: "yes" } };
      await kubectl(["create", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata }));
    };
    await make("listed");
    const lines: string[] = [];
    const env = { PATH: process.env.PATH ?? "", HOME: stage.folder, KUBECONFIG: stage.kubeconfig };
    await using _following = await startProgram("kubectl", ["get", "cm", "-l", "watched", "-w", "-o", "name"], {
      ...{ env, onStdoutLine: (line) => void lines.push(line) },
    });
    await eventually("the list", async () => lines.length > 0);
    // after the list: it can come by the watch alone
    await make("seen");
    await eventually("the event", async () => lines.length > 1);
    expect(lines).toEqual(["configmap/listed", "configmap/seen"]);
  });

  test("asks what others may", { timeout: 60_000 }, async () => {
    await kubectl(["create", "role", "reader", "--verb=get", "--resource=secrets"]);
    await kubectl(["create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:default"]);
    const as = "--as=system:serviceaccount:default:default";
    expect(await kubectl(["auth", "can-i", "get", "secrets", as])).toBe("yes\n");
    expect((await stage.kubectl(["auth", "can-i", "list", "secrets", as])).stdout).toBe("no\n");
    const refused = await stage.kubectl(["get", "secrets", as]);
    expect(refused.stderr).toBe(
      'Error from server (Forbidden): secrets is forbidden: User "system:serviceaccount:default:default" cannot list resource "secrets" in API group "" in the namespace "default"\n',
    );
  });
});
