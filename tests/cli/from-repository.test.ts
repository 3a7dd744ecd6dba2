/**
 * Invariant: with --from-repository the commands work on what the Repository object and its Secret name; what is missing is
 * said in one sentence, and nothing of the Secret stays on this machine.
 */
import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ControlPlane, controlPlaneMissing, startControlPlane } from "../support/control-plane.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { createStream, openServer, publishMany } from "../support/streams.ts";
import { makeWorkbench, type Workbench } from "./workbench.ts";

const missing = controlPlaneMissing();

describe.skipIf(missing !== undefined)("a Repository of a real API server", () => {
  let plane: ControlPlane;
  let server: TestServer;
  let bench: Workbench;

  beforeAll(async () => {
    [plane, server] = [await startControlPlane(), await startNatsServer()];
    bench = await makeWorkbench({ NATS_URL: server.url });
    await using opened = await openServer(server.url);
    await createStream(opened.jetstream, "ORDERS");
    await publishMany(opened.jetstream, "ORDERS", 100);
    await plane.createNamespace("demo");
    const folder = `${bench.folder}/cluster-repository`;
    await plane.apply(
      [
        secret("storage", { RESTIC_PASSWORD: "from the cluster", CA_CERT_DATA: plane.ca }),
        secret("keyless", { OTHER: "x" }),
        repository("backups", folder, "storage"),
        repository("keyless", folder, "keyless"),
        repository("secretless", folder, "nowhere"),
      ].join("---\n"),
    );
  }, 120_000);
  afterAll(async () => {
    for (const one of [bench, server, plane]) await one?.[Symbol.asyncDispose]();
  });

  // another repository and password in the environment do not count
  const env = { RESTIC_PASSWORD: "wrong", RESTIC_REPOSITORY: "/nowhere" };
  const from = async (name: string, command: string) =>
    await bench.coldstream(`${command} --from-repository demo/${name} --kubeconfig ${plane.kubeconfig}`, { env });

  test("is made, filled, listed, shown, checked, restored from and cleared", async () => {
    for (const command of [
      "init",
      "backup",
      "snapshots",
      "show",
      "check",
      "restore ORDERS --rename ORDERS=COPY",
      "prove",
      "proofs",
      "forget --keep-last 1 --yes",
      "unlock",
    ]) {
      const { exit, stderr, stdout } = await from("backups", command);
      expect([command, exit, exit === 0 ? "" : stderr + stdout]).toEqual([command, 0, ""]);
      expect(stderr).toContain("of Repository demo/backups");
    }
    expect(await readdir(`${bench.folder}/cluster-repository`)).toContain("snapshots");
    expect((await readdir(bench.staging)).filter((name) => name.includes("keys"))).toEqual([]);
  });

  test.each([
    ["an object that is missing", "absent", 14, /^coldstream: there is no Repository demo\/absent at https:/],
    [
      "a Secret that is missing",
      "secretless",
      14,
      /^coldstream: there is no Secret demo\/nowhere, which Repository demo/,
    ],
    ["a key that is missing", "keyless", 2, /^coldstream: Secret demo\/keyless lacks the key RESTIC_PASSWORD$/m],
  ])("%s is named in one sentence", async (_title, name, status, message) => {
    const { exit, stdout, stderr } = await from(name, "snapshots");
    expect([exit, stdout]).toEqual([status, ""]);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    expect(stderr).not.toContain("from the cluster");
  });

  test("a context that is missing", async () => {
    const run = await bench.coldstream(
      `snapshots --from-repository demo/backups --kubeconfig ${plane.kubeconfig} --kube-context absent`,
    );
    expect(run.stderr).toMatch(/the kubeconfig has no context absent/);
    expect(run.exit).toBe(2);
  });
});

function secret(name: string, values: Readonly<Record<string, string>>): string {
  const fields = { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "demo" }, stringData: values };
  return `${JSON.stringify(fields)}\n`;
}

function repository(name: string, mountPath: string, storageSecretName: string): string {
  const backend = { local: { hostPath: { path: mountPath }, mountPath }, storageSecretName };
  const fields = { apiVersion: "stash.appscode.com/v1alpha1", kind: "Repository" };
  return `${JSON.stringify({ ...fields, metadata: { name, namespace: "demo" }, spec: { backend } })}\n`;
}
