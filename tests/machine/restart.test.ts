import { readFileSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ProcessEntry } from "../../src/kit/process-stat.ts";
import { type Program, startProgram } from "../../src/kit/program.ts";
import type { MachinePod } from "../../src/machine/pod.ts";
import { readProcesses } from "../../src/machine/proc.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import {
  image,
  isOver,
  isRunning,
  type MachinePlace,
  mainOf,
  node,
  openMachinePlace,
  podDocument,
  untilThere,
} from "./place.ts";

describe.skipIf(controlPlaneMissing() !== undefined)("a pod runner that ends", () => {
  let place: MachinePlace;
  beforeAll(async () => {
    place = await openMachinePlace();
  }, 120_000);
  afterAll(async () => await place?.[Symbol.asyncDispose]());

  /** Started as a process of its own; resolves when it is ready. */
  async function startProcess(): Promise<Program> {
    const ready = Promise.withResolvers<void>();
    const script = join(import.meta.dirname, "../support/runner-process.ts");
    const args = [script, place.controlPlane.kubeconfig, node, place.folder, image];
    const program = await startProgram(process.execPath, args, {
      env: { PATH: "/usr/bin:/bin" },
      onStdoutLine: () => ready.resolve(),
      onStderrLine: (line) => process.stderr.write(`${line}\n`),
    });
    program.ended.then(({ stderr }) => ready.reject(new Error(`it ended: ${stderr}`)));
    await ready.promise;
    return program;
  }

  /** Makes the file that a pod's script waits for, and waits until nothing of the pod runs. */
  async function end(pod: MachinePod, go: string): Promise<void> {
    const processes = sessionsOf(place, pod);
    expect(processes.length).toBeGreaterThan(0);
    await writeFile(go, "");
    await expect.poll(() => alive(processes)).toEqual([]);
  }

  test("killed and started again, takes over what runs, and tells what ended meanwhile", async () => {
    const first = await startProcess();
    const go = { living: join(place.folder, "living-may-go"), ending: join(place.folder, "ending-may-go") };
    const scripts = {
      living: `echo before; ${untilThere(go.living)}; echo after`,
      ending: `${untilThere(go.ending)}; echo done; exit 3`,
      killed: "echo up; sleep 600",
      deleted: "echo up; sleep 600",
    };
    for (const [name, script] of Object.entries(scripts)) await place.apply(podDocument(name, script));
    for (const name of Object.keys(scripts)) await place.pod(name, isRunning);
    await first.stop("SIGKILL");
    await end(await place.pod("ending", isRunning), go.ending);
    for (const { pid } of sessionsOf(place, await place.pod("killed", isRunning))) process.kill(pid, "SIGKILL");
    const gone = sessionsOf(place, await place.pod("deleted", isRunning));
    expect(gone.length).toBeGreaterThan(0);
    await place.kubectl("delete", "pod", "deleted", "--force", "--grace-period=0");

    await using _second = await startProcess();
    await writeFile(go.living, "");
    const ending = await place.pod("ending", isOver);
    expect(mainOf(ending)?.state?.terminated).toMatchObject({ exitCode: 3, reason: "Error" });
    const killed = await place.pod("killed", isOver);
    expect(killed.status?.phase).toBe("Failed");
    expect(mainOf(killed)?.state?.terminated).toMatchObject({
      ...{ exitCode: 137, reason: "ContainerStatusUnknown" },
      message: "the container's process was gone when its node came back, and left no exit status",
    });
    const living = await place.pod("living", isOver);
    expect(living.status?.phase).toBe("Succeeded");
    expect(mainOf(living)?.restartCount).toBe(0);
    expect(await place.kubectl("logs", "living")).toBe("before\nafter\n");
    await expect.poll(() => alive(gone)).toEqual([]);
    await place.kubectl("delete", "pod", "--all", "--timeout=20s");
    await expect.poll(async () => await readdir(join(place.folder, "pods"))).toEqual([]);
  });

  test("asked to end, fails its pods and leaves no process", async () => {
    const runner = await place.start({ shutdownGraceMs: 3000 });
    await place.apply(podDocument("polite", 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.1; done'));
    await place.apply(podDocument("stubborn", 'trap "" TERM; echo up; sleep 600 & while :; do sleep 1; done'));
    const polite = await place.pod("polite", isRunning);
    const stubborn = await place.pod("stubborn", isRunning);
    // their traps are set by then
    for (const name of ["polite", "stubborn"]) {
      await using _log = await place.follow(name);
    }
    const processesNow = () => [...sessionsOf(place, polite), ...sessionsOf(place, stubborn)];
    await expect.poll(() => processesNow().length).toBeGreaterThan(3);
    const processes = processesNow();
    await runner[Symbol.asyncDispose]();
    expect(alive(processes)).toEqual([]);
    for (const name of ["polite", "stubborn"]) {
      expect((await place.pod(name, isOver)).status).toMatchObject({ phase: "Failed", reason: "Terminated" });
    }
    expect(await place.kubectl("get", "node", node, "--no-headers")).toMatch(/NotReady/);
  });

  test("started again, is the same node and shows the logs of before", async () => {
    await using _runner = await place.start();
    expect(await place.kubectl("get", "node", node, "--no-headers")).toMatch(/^machine-a\s+Ready\s/);
    expect(await place.kubectl("logs", "polite")).toBe("up\nbye\n");
    await place.apply(podDocument("next", "echo next"));
    expect((await place.pod("next", isOver)).status?.phase).toBe("Succeeded");
  });

  test("leaves pods alone while the API server is gone, and tells it later", async () => {
    await using _runner = await place.start();
    const go = join(place.folder, "patient-may-go");
    await place.apply(podDocument("patient", `${untilThere(go)}; echo done`));
    const patient = await place.pod("patient", isRunning);
    await place.controlPlane.stopApiServer();
    await end(patient, go);
    await place.controlPlane.restartApiServer();
    expect((await place.pod("patient", isOver)).status?.phase).toBe("Succeeded");
  });
});

/** All processes of a pod, by the folder that their wrapper names. */
function sessionsOf(
  { folder }: MachinePlace,
  { metadata }: { readonly metadata: { readonly uid?: string | undefined } },
) {
  const all = readProcesses();
  const leaders = all.filter(
    ({ pid, session }) => pid === session && commandOf(pid).includes(`${folder}/pods/${metadata.uid}/`),
  );
  return all.filter(({ session }) => leaders.some(({ pid }) => pid === session));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

function alive(processes: readonly ProcessEntry[]): readonly number[] {
  const now = readProcesses();
  return processes
    .filter(({ pid, start }) => now.some((one) => one.pid === pid && one.start === start))
    .map(({ pid }) => pid);
}
