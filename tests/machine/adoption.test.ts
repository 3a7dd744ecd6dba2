import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pods } from "../../src/kube/core.ts";
import { updateStatus } from "../../src/kube/update.ts";
import { type Run, startRun } from "../../src/machine/process.ts";
import type { Runner } from "../../src/machine/runner.ts";
import { eventually } from "../support/eventually.ts";
import { type ControllersPlace, image, namespace, openControllersPlace } from "./controllers-place.ts";
import { localServer } from "./servers.ts";

describe("a run that a runner left behind", () => {
  let place: ControllersPlace;
  let folder: string;
  let runner: Runner;
  let left: Run;
  beforeAll(async () => {
    place = await openControllersPlace(await localServer());
    const controllers = await place.controllers();
    await controllers[Symbol.asyncDispose]();
  });
  afterAll(async () => await place?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "coldstream-adoption-"));
  });
  afterEach(async () => {
    await runner?.[Symbol.asyncDispose]();
    await left?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  const find = async (name: string) => await place.cluster.get(pods, { namespace, name }, place);

  /** A pod of this node, and the process that a runner which was killed has started for it. */
  async function leave(name: string): Promise<string> {
    const containers = [{ name: "main", image, args: ["sleep 600"] }];
    const spec = { nodeName: "machine-a", restartPolicy: "Never", automountServiceAccountToken: false, containers };
    const pod = await place.create(pods, name, { spec });
    const podFolder = join(folder, "pods", String(pod.metadata.uid));
    await mkdir(podFolder, { recursive: true });
    const command = { program: "/bin/sh", args: ["-c", "sleep 600"], workingFolder: folder };
    const environment = { PATH: "/usr/bin:/bin" };
    left = await startRun(join(podFolder, "containers/main/0"), { ...command, environment });
    return podFolder;
  }

  test("ends with its pod where that cannot be taken over", async () => {
    const podFolder = await leave("torn");
    await writeFile(join(podFolder, "volumes.json"), "{");
    runner = await place.runner({ folder });
    await eventually("its failure", async () => (await find("torn"))?.status?.phase === "Failed");
    expect(await left.ended).toMatchObject({ exitCode: 137 });
  });

  test("ends with the removal of its pod, also one that is said to be over", async () => {
    await leave("over");
    const failed = () => ({ phase: "Failed" });
    await updateStatus(place.cluster, pods, { namespace, name: "over" }, failed, place);
    runner = await place.runner({ folder });
    await place.cluster.remove(pods, { namespace, name: "over" }, place);
    expect(await left.ended).toMatchObject({ exitCode: 137 });
  });
});
