import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { answersKey, type HostState } from "../../src/api/session-report.ts";
import { configMaps } from "../../src/kube/core.ts";
import type { Repository } from "../../src/repository/restic.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { programEnvironment } from "../support/restic.ts";
import { createStream, openServer, publishMany } from "../support/streams.ts";
import { conditionOf, namespace, password, startTaskBench, type TaskBench } from "./bench.ts";

const { signal } = new AbortController();

/** Whether a program can be given another host name here. */
const canRename = spawnSync("unshare", ["--uts", "--map-root-user", "hostname", "x"]).status === 0;

describe.skipIf(controlPlaneMissing() !== undefined || !canRename)("locks of others", () => {
  let bench: TaskBench;
  let server: TestServer;
  const owners: ReturnType<typeof spawn>[] = [];
  beforeAll(async () => {
    [bench, server] = await Promise.all([startTaskBench(), startNatsServer()]);
    await using opened = await openServer(server.url);
    await createStream(opened.jetstream, "ORDERS");
    await publishMany(opened.jetstream, "ORDERS", 100);
    await bench.binding("source", server.port);
  }, 120_000);
  afterEach(() => {
    for (const owner of owners.splice(0)) owner.kill("SIGKILL");
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await bench?.[Symbol.asyncDispose]();
  });

  /** A restic of a machine called `host` that has begun to store something and does not come to its end. */
  async function lockFrom(host: string, restic: Repository) {
    const script = `hostname ${host}; exec restic backup --stdin`;
    const owner = spawn("unshare", ["--uts", "--map-root-user", "sh", "-c", script], {
      env: { ...programEnvironment(bench.folder), RESTIC_REPOSITORY: restic.url, RESTIC_PASSWORD: password },
      stdio: ["pipe", "ignore", "ignore"],
    });
    owners.push(owner);
    await eventually("a lock", async () => (await restic.locks({ signal })).some(({ hostname }) => hostname === host));
    return owner;
  }
  async function prepare(name: string) {
    const restic = await bench.localRepository(name);
    await bench.configuration(name, { repository: name, binding: "source", retention: { keepLast: 1 } });
    for (const run of ["first", "second"]) {
      const of = { configuration: name, repository: name, binding: "source" };
      const [pod, flags] = [await bench.pod(), await bench.session(`${name}-${run}`, of)];
      await pod.task("nats-backup", flags);
      if (run === "second") return { restic, pod, flags, session: `${name}-${run}` };
      await pod.task("update-status", flags);
    }
    throw new Error("unreachable");
  }
  /** What the operator does: answers which of the hosts that are asked about are gone. */
  async function answer(session: string, states: Readonly<Record<string, HostState>>): Promise<readonly string[]> {
    const hosts = await eventually("a question", async () => (await bench.report(session)).lockHosts);
    const data = { [answersKey]: JSON.stringify({ hosts: states }) };
    await bench.cluster.patch(configMaps, { namespace, name: session }, { signal, merge: { data } });
    return hosts;
  }

  test("go when the operator says that their owners are gone", async () => {
    const { restic, pod, flags, session } = await prepare("gone");
    const owner = await lockFrom("pod-of-yesterday", restic);
    owner.kill("SIGKILL");
    await once(owner, "exit");
    const running = pod.task("update-status", flags);
    expect(await answer(session, { "pod-of-yesterday": "gone" })).toEqual(["pod-of-yesterday"]);
    await running;
    const { status } = await bench.backupSession(session);
    expect(conditionOf(status?.conditions, "RetentionPolicyApplied")).toMatchObject({ status: "True" });
    expect(await restic.locks({ signal })).toEqual([]);
    expect(await bench.repository("gone")).toMatchObject({ snapshotCount: 1, snapshotsRemovedOnLastCleanup: 1 });
    // the question is answered: nobody need look again
    expect((await bench.report(session)).lockHosts).toBeUndefined();
  });

  test("stay when one of them lives, and only postpone the retention", async () => {
    const { restic, pod, flags, session } = await prepare("alive");
    const owner = await lockFrom("pod-of-today", restic);
    const running = pod.task("update-status", flags);
    await answer(session, { "pod-of-today": "alive" });
    expect(await running).toMatchObject({ exit: 0 });
    const { status } = await bench.backupSession(session);
    expect(status?.conditions?.map(({ type, status: state }) => `${type} ${state}`)).toEqual([
      "BackendRepositoryInitialized True",
      "RepositoryIntegrityVerified True",
      "RepositoryMetricsPushed True",
    ]);
    expect(status?.targets?.[0]?.stats?.[0]?.phase).toBe("Succeeded");
    expect((await restic.locks({ signal })).map(({ hostname }) => hostname)).toEqual(["pod-of-today"]);
    expect(await bench.repository("alive")).toMatchObject({ snapshotCount: 2, integrity: true });
    owner.stdin?.end("the rest of it");
    expect((await once(owner, "exit"))[0]).toBe(0);
    expect((await restic.check({ readDataSubset: "100%", signal })).ok).toBe(true);
  });
});
