/**
 * Invariant: what a configuration and its sessions say of themselves on a real API server is what status, describe and trigger
 * say of them, in words and by exit status; values of Secrets are never said.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ControlPlane, controlPlaneMissing, startControlPlane } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { runHere } from "./run-here.ts";
import { makeWorkbench, type Workbench } from "./workbench.ts";

const missing = controlPlaneMissing();
const stash = "/apis/stash.appscode.com/v1beta1/namespaces/demo";

const objects = `apiVersion: v1
kind: Secret
metadata: { name: storage, namespace: demo }
stringData: { RESTIC_PASSWORD: hunter2 }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: s3-repo, namespace: demo }
spec:
  backend: { s3: { endpoint: "http://minio:9000", bucket: backups }, storageSecretName: storage }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: { name: nightly, namespace: demo }
spec:
  schedule: "0 3 * * *"
  repository: { name: s3-repo }
  target: { ref: { apiVersion: appcatalog.appscode.com/v1alpha1, kind: AppBinding, name: sample-nats } }
  retentionPolicy: { name: keep, keepLast: 5, prune: true }
`;

describe.skipIf(missing !== undefined)("a configuration on a real API server", () => {
  let plane: ControlPlane;
  let bench: Workbench;

  beforeAll(async () => {
    [plane, bench] = [await startControlPlane(), await makeWorkbench()];
    await plane.createNamespace("demo");
    await plane.apply(objects);
  }, 120_000);
  afterAll(async () => {
    for (const one of [bench, plane]) await one?.[Symbol.asyncDispose]();
  });

  const coldstream = async (line: string, signal?: AbortSignal) =>
    await runHere(line, { KUBECONFIG: plane.kubeconfig, HOME: bench.folder }, bench.folder, signal);
  const setStatus = async (path: string, status: unknown) =>
    await plane.request({
      ...{ method: "PATCH", path: `${path}/status`, body: { status } },
      contentType: "application/merge-patch+json",
    });
  const lastTransitionTime = "2026-11-21T03:00:00Z";
  const ready = async (phase: string, message = "it is there") =>
    await setStatus(`${stash}/backupconfigurations/nightly`, {
      phase,
      conditions: [
        { type: "RepositoryFound", status: phase === "Ready" ? "True" : "False", message, lastTransitionTime },
      ],
    });
  const newest = async () =>
    JSON.parse((await coldstream("get backupsessions -n demo --json")).stdout).items.at(-1)?.metadata.name;

  test("that is not ready is a problem", async () => {
    await ready("NotReady", "there is no Repository s3-repo");
    const { exit, stdout } = await coldstream("status -n demo");
    expect(stdout).toMatch(
      /^CONFIGURATION +PHASE .*\nnightly +NotReady +none +never +- +s3-repo +- +-\n\ndemo\/nightly: it is NotReady: there is no/,
    );
    expect(exit).toBe(1);
    expect((await coldstream("describe bc nightly -n demo")).stdout).toMatch(
      /conditions:\n {2}RepositoryFound: {2}no, there is no Repository s3-repo\n\nwhat to do:\n {2}RepositoryFound: make the Repository/,
    );
  });

  test("that is ready is well", async () => {
    await ready("Ready");
    expect(await coldstream("status -n demo nightly")).toMatchObject({ exit: 0, stderr: "" });
    expect((await coldstream("status -n demo nope")).exit).toBe(14);
    expect((await coldstream("status")).stderr).toContain(
      "no BackupConfigurations in namespace default; -A looks in all",
    );
    const { stdout } = await coldstream("status -A --json");
    expect(JSON.parse(stdout)).toMatchObject({
      configurations: [
        { namespace: "demo", name: "nightly", phase: "Ready", paused: false, problems: [], lastSession: null },
      ],
      isWell: true,
    });
  });

  test("is paused and resumed", async () => {
    for (const [command, said] of [
      ["pause", "paused"],
      ["pause", "was paused already"],
      ["resume", "resumed"],
      ["resume", "was resumed already"],
    ] as const) {
      const { exit, stdout } = await coldstream(`${command} bc/nightly -n demo`);
      expect([exit, stdout]).toEqual([0, `backupconfiguration.stash.appscode.com/nightly ${said}\n`]);
    }
    expect((await coldstream("pause nope -n demo")).exit).toBe(14);
    expect((await coldstream("pause repo/s3-repo -n demo")).exit).toBe(2);
  });

  const stats = (error?: string) => [
    { hostname: "host-0", error, snapshots: [{ name: "4bc21d6f00", totalSize: "5 MiB", uploaded: "1 MiB" }] },
  ];
  test.each([
    ["Succeeded", undefined, 0, /succeeded in 5s: snapshot 4bc21d6f, 1 MiB new of 5 MiB/],
    [
      "Failed",
      "saving ORDERS: no disk",
      1,
      /failed: saving ORDERS: no disk\n {2}see: coldstream describe backupsession nightly-/,
    ],
    ["Skipped", "another runs", 4, /was skipped: another runs/],
  ])("a session that is triggered and %s", async (phase, error, status, said) => {
    await eventually("another second", async () => !(await newest())?.endsWith(String(Math.floor(Date.now() / 1000))));
    const before = await newest();
    const running = coldstream("trigger nightly -n demo --wait --timeout 30s");
    await eventually("the session", async () => (await newest()) !== before);
    const name = await newest();
    await setStatus(`${stash}/backupsessions/${name}`, { phase: "Running", conditions: [] });
    await setStatus(`${stash}/backupsessions/${name}`, {
      phase,
      sessionDuration: "5s",
      targets: [{ stats: stats(error) }],
    });
    const { exit, stdout, stderr } = await running;
    expect(`${stdout}${stderr}`).toMatch(said);
    expect(exit).toBe(status);
    const described = (await coldstream(`describe backupsession/${name} -n demo`)).stdout;
    expect(described).toMatch(new RegExp(`phase: +${phase}`));
    if (phase !== "Skipped") expect(await coldstream("status -n demo")).toMatchObject({ exit: status });
    const logs = await coldstream(`logs ${name} -n demo -f`);
    expect([logs.exit, logs.stderr]).toEqual([14, expect.stringContaining("has no pod, or none any more")]);
    await coldstream(`delete backupsession ${name} -n demo --wait`);
  });

  test("damage and Ctrl-C have statuses of their own", async () => {
    const path = "/apis/stash.appscode.com/v1alpha1/namespaces/demo/repositories/s3-repo";
    await setStatus(path, { integrity: false });
    const { exit, stdout } = await coldstream("status -n demo");
    expect([exit, stdout]).toEqual([5, expect.stringContaining("Repository s3-repo is damaged")]);
    await setStatus(path, { integrity: true });
    const waiting = new AbortController();
    const ended = coldstream("trigger nightly -n demo --wait", waiting.signal);
    await eventually("the session", async () => (await newest()) !== undefined);
    waiting.abort();
    expect((await ended).exit).toBe(130);
  });

  test("values of Secrets are not said", async () => {
    for (const line of [
      "describe secret storage -n demo",
      "describe secret storage -n demo --json",
      "get secrets -n demo",
    ]) {
      const { exit, stdout } = await coldstream(line);
      expect([line, exit]).toEqual([line, 0]);
      expect(stdout).not.toMatch(/hunter2|aHVudGVyMg/);
    }
    expect((await coldstream("describe secret storage -n demo")).stdout).toMatch(/RESTIC_PASSWORD: +7 bytes/);
  });

  test("any other kind can be described, and what has no log is said", async () => {
    expect((await coldstream("describe ns demo")).stdout).toMatch(/^name: +demo\n/);
    expect((await coldstream("logs nothing -n demo")).exit).toBe(14);
    expect((await coldstream("describe bc -n demo")).exit).toBe(2);
  });
});
