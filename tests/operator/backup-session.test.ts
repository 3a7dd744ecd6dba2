import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BackupSession } from "../../src/api/backup-session.ts";
import { configMaps, pods } from "../../src/kube/core.ts";
import { keyOf, resourceOf } from "../../src/kube/resource.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { pushgatewayMissing, startPushgateway } from "../support/pushgateway.ts";
import { bothServers } from "./api-servers.ts";
import { type Desk, openDesk, type RunningOperator } from "./desk.ts";
import { backupConfiguration } from "./documents.ts";
import { endedWith, openStage, type Stage, waitingFor } from "./stage.ts";

const missing = controlPlaneMissing();
const waiting = { signal: new AbortController().signal };

describe.skipIf(missing !== undefined).each(bothServers)("a BackupSession on $name", ({ start }) => {
  let desk: Desk;
  let operator: RunningOperator;
  /** Added to the operator's clock. */
  let aheadMs = 0;
  beforeAll(async () => {
    desk = await openDesk({}, start);
    const clock = () => new Date(Date.now() + aheadMs);
    operator = await desk.startOperator({ clock });
  }, 120_000);
  afterAll(async () => await desk?.[Symbol.asyncDispose]());

  const errorOf = ({ status }: BackupSession) => status?.targets?.[0]?.stats?.[0]?.error ?? "";
  const conditionsOf = ({ status }: BackupSession) =>
    [...(status?.conditions ?? []), ...(status?.targets?.[0]?.conditions ?? [])].map(
      ({ type, status: state }) => `${type} ${state}`,
    );
  /** The operator's clock jumps; a touch makes it look. */
  async function later(stage: Stage, name: string, milliseconds: number): Promise<void> {
    aheadMs = milliseconds;
    const merge = { metadata: { annotations: { touched: String(Date.now()) } } };
    await desk.cluster.patch(resourceOf("BackupSession"), { namespace: stage.namespace, name }, { ...waiting, merge });
  }

  test("is Running before its Job, and Succeeded after it, with its events and Snapshots", async () => {
    const stage = await openStage(desk);
    await stage.begin("good");
    const running = await stage.until("good", (each) => conditionsOf(each).includes("BackupExecutorEnsured True"));
    expect(running.status).toMatchObject({ phase: "Running", targets: [{ totalHosts: 1, phase: "Running" }] });
    const [job] = await stage.jobs();
    expect(job?.metadata.name).toBe("stash-backup-good-0");
    expect(await stage.leftovers()).toHaveLength(2);
    const snapshot = {
      id: "4bc21d6f".repeat(8),
      tree: "t",
      time: "2026-11-21T03:00:00Z",
      hostname: "host-0",
      paths: ["/a"],
      tags: [],
    };
    const streams = [
      { stream: "ORDERS", outcome: "saved" as const },
      { stream: "BAD", outcome: "failed" as const, reason: "no reply" },
    ];
    await stage.succeed("good", { snapshots: [snapshot], streams });
    const ended = await stage.ends("good", "Succeeded");
    expect(conditionsOf(ended)).toEqual([
      "BackupHistoryCleaned True",
      "MetricsPushed True",
      "BackupExecutorEnsured True",
    ]);
    await eventually("clean", async () => (await stage.leftovers()).length === 0);
    expect(await stage.jobs()).toHaveLength(1);
    await eventually("no pod", async () => (await desk.list(pods, stage.namespace)).length === 0);
    const table = await desk.kubectl(
      "-n",
      stage.namespace,
      "get",
      "snapshots.repositories.stash.appscode.com",
      "--no-headers",
    );
    expect(table.trim().split(/ {2,}/)).toEqual([
      "s3-repo-4bc21d6f",
      "4bc21d6f",
      "s3-repo",
      "host-0",
      "2026-11-21T03:00:00Z",
    ]);
    const told = await eventually("events", async () => {
      const all = await desk.told(stage.namespace, "good");
      return all.length >= 2 ? all : undefined;
    });
    expect([...told].sort()).toEqual([
      "Host Backup Succeeded: Host host-0 was backed up.",
      "Stream Backup Failed: Stream BAD could not be saved: no reply",
    ]);
    expect(operator.log.join("")).not.toContain("reconcile failed");
  });

  test.each([
    [
      "a crash",
      { phase: "Failed", initContainerStatuses: [endedWith(3)] },
      "container nats-backup-2-6-1-0 ended with exit code 3",
    ],
    [
      "too little memory",
      { phase: "Failed", initContainerStatuses: [endedWith(137, "OOMKilled")] },
      "needed more memory than its limit (OOMKilled)",
    ],
    [
      "eviction",
      { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." },
      "Evicted: The node was low on resource: memory.",
    ],
    [
      "a lost node",
      {
        phase: "Failed",
        conditions: [
          { type: "DisruptionTarget", status: "True", reason: "DeletionByPodGC", message: "node not found" },
        ],
      },
      "was lost: DeletionByPodGC: node not found",
    ],
    ["an end without a word", { phase: "Succeeded" }, "the Job ended without saying what it did"],
  ])("ends as Failed with %s of its pod", async (_title, status, message) => {
    const stage = await openStage(desk);
    await stage.begin("bad");
    await stage.patchPod(await stage.pod("bad"), status);
    const ended = await stage.ends("bad", "Failed");
    expect(errorOf(ended)).toContain(message);
    await eventually("clean", async () => (await stage.leftovers()).length === 0);
    await eventually("no Job", async () => (await stage.jobs()).length === 0);
    await eventually("no pod", async () => (await desk.list(pods, stage.namespace)).length === 0);
    expect((await stage.session("bad"))?.status).toEqual(ended.status);
    const told = await eventually("an event", async () => {
      const all = await desk.told(stage.namespace, "bad");
      return all.length > 0 ? all : undefined;
    });
    expect(told).toEqual([expect.stringContaining("Host Backup Failed: Host host-0 could not be backed up")]);
  });

  test("ends as Failed when its pod is deleted", async () => {
    const stage = await openStage(desk);
    await stage.begin("bad");
    await desk.cluster.remove(pods, keyOf(await stage.pod("bad")), waiting);
    const ended = await stage.ends("bad", "Failed");
    expect(errorOf(ended)).toContain("was deleted before it was done");
    expect(conditionsOf(ended)).toContain("BackupDisrupted True");
    await eventually("no Job", async () => (await stage.jobs()).length === 0);
  });

  test("ends as Failed when its Job is deleted", async () => {
    const stage = await openStage(desk);
    await stage.begin("bad");
    await stage.pod("bad");
    await desk.kubectl("-n", stage.namespace, "delete", "job", "stash-backup-bad-0");
    expect(errorOf(await stage.ends("bad", "Failed"))).toContain(
      "Job stash-backup-bad-0 was deleted before it was done",
    );
    expect(await stage.jobs()).toEqual([]);
  });

  test.each([
    [
      "its image cannot be pulled for 2 min",
      { initContainerStatuses: [{ ...endedWith(0), ...waitingFor("ImagePullBackOff", "not found") }] },
      130_000,
      "(ImagePullBackOff: not found)",
    ],
    [
      "it finds no node for 10 min",
      {
        conditions: [
          { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes are available" },
        ],
      },
      610_000,
      "found no node: 0/3 nodes are available",
    ],
  ])("ends as Failed when %s, and its Job goes", async (_title, status, milliseconds, message) => {
    const stage = await openStage(desk);
    await stage.begin("bad");
    await stage.patchPod(await stage.pod("bad"), status);
    await stage.until("bad", (each) => conditionsOf(each).includes("BackupExecutorEnsured True"));
    await later(stage, "bad", milliseconds);
    try {
      expect(errorOf(await stage.ends("bad", "Failed"))).toContain(message);
    } finally {
      aheadMs = 0;
    }
    await eventually("no Job", async () => (await stage.jobs()).length === 0);
    await eventually("no pod", async () => (await desk.list(pods, stage.namespace)).length === 0);
  });

  test("ends at its deadline, and its Job with it", async () => {
    const stage = await openStage(desk, { timeOut: "10m" });
    await stage.begin("late");
    const pod = await stage.pod("late");
    await stage.patchPod(pod, { phase: "Running" });
    await stage.until("late", (each) => conditionsOf(each).includes("BackupExecutorEnsured True"));
    await later(stage, "late", 601_000);
    try {
      const ended = await stage.ends("late", "Failed");
      expect(conditionsOf(ended)).toContain("DeadlineExceeded True");
      expect(errorOf(ended)).toContain("was not done within 10m");
    } finally {
      aheadMs = 0;
    }
    await eventually("no pod", async () => (await desk.list(pods, stage.namespace)).length === 0);
    expect((await stage.session("late"))?.status?.phase).toBe("Failed");
  });

  test("is skipped while another of its invoker runs", async () => {
    const stage = await openStage(desk);
    await stage.begin("first");
    await stage.pod("first");
    await stage.begin("second");
    const skipped = await stage.ends("second", "Skipped");
    expect(conditionsOf(skipped)).toContain("BackupSkipped True");
    expect(await stage.jobs()).toHaveLength(1);
    await eventually("told", async () =>
      (await desk.told(stage.namespace, "second"))[0]?.startsWith("Backup Skipped: BackupSession first"),
    );
    await stage.succeed("first");
    await stage.ends("first", "Succeeded");
  });

  test("of two of one invoker at the same moment runs alone", async () => {
    const stage = await openStage(desk, { backupHistoryLimit: 10 });
    const names = ["a", "b", "c", "d", "e"];
    await Promise.all(names.map((name) => stage.begin(name)));
    await eventually("four skipped", async () => {
      const all = await stage.sessions();
      return all.filter(({ status }) => status?.phase === "Skipped").length === 4 && (await stage.jobs()).length === 1;
    });
  });

  test("fails without its invoker, and does not wait for it", async () => {
    const stage = await openStage(desk);
    await stage.begin("orphan", { invoker: "nobody" });
    const ended = await stage.ends("orphan", "Failed");
    expect(ended.status?.targets?.[0]?.conditions?.[0]?.message).toBe("BackupConfiguration nobody does not exist.");
  });

  test("is tried again after its delay, as often as was asked for", async () => {
    const stage = await openStage(desk, { retryConfig: { maxRetry: 1, delay: "1s" }, backupHistoryLimit: 5 });
    await stage.begin("first", { retryLeft: 1 });
    await stage.patchPod(await stage.pod("first"), { phase: "Failed", initContainerStatuses: [endedWith(1)] });
    expect((await stage.ends("first", "Failed")).status?.nextRetry).toBeDefined();
    const next = await eventually("another session", async () =>
      (await stage.sessions()).find(({ metadata }) => metadata.name !== "first"),
    );
    const name = next.metadata.name ?? "";
    expect(name).toMatch(/^sample-nats-backup-\d+$/);
    expect(next.spec.retryLeft).toBe(0);
    await stage.until("first", ({ status }) => status?.retried === true);
    await stage.patchPod(await stage.pod(name), { phase: "Failed", initContainerStatuses: [endedWith(1)] });
    expect((await stage.ends(name, "Failed")).status?.nextRetry).toBeUndefined();
    expect(await stage.sessions()).toHaveLength(2);
  });

  test("leaves as many finished sessions as its history may hold", async () => {
    const stage = await openStage(desk, { backupHistoryLimit: 2 });
    for (const name of ["one", "two", "three"]) {
      await stage.begin(name);
      await stage.succeed(name);
      await stage.ends(name, "Succeeded");
    }
    await eventually(
      "two left",
      async () => (await stage.sessions()).map(({ metadata }) => metadata.name).join() === "three,two",
    );
    await eventually("their Jobs too", async () => (await stage.jobs()).length === 2);
  });

  test("waits for an earlier one of another invoker with the same target", async () => {
    const stage = await openStage(desk);
    const other = backupConfiguration({ namespace: stage.namespace, name: "other" }, { schedule: "0 0 1 1 *" });
    await desk.apply(other);
    await desk.until(
      "BackupConfiguration",
      { namespace: stage.namespace, name: "other" },
      ({ status }) => status?.phase === "Ready",
    );
    await stage.begin("first");
    await stage.pod("first");
    await stage.begin("second", { invoker: "other" });
    await stage.until("second", ({ status }) => status?.phase === "Pending");
    expect(await stage.jobs()).toHaveLength(1);
    await stage.succeed("first");
    await stage.ends("first", "Succeeded");
    await stage.succeed("second");
    await stage.ends("second", "Succeeded");
  });

  test("tells its Job whose locks are of pods that are gone", async () => {
    const stage = await openStage(desk, { backupHistoryLimit: 5 });
    await stage.begin("old");
    const gone = (await stage.pod("old")).metadata.name ?? "";
    const report = { namespace: stage.namespace, name: "stash-backup-old-0" };
    await eventually("its name is kept", async () => {
      const map = await desk.cluster.get(configMaps, report, waiting);
      return map?.data?.["pods"]?.includes(gone);
    });
    await desk.cluster.remove(pods, { namespace: stage.namespace, name: gone }, waiting);
    await stage.ends("old", "Failed");
    await stage.begin("new");
    const alive = (await stage.pod("new")).metadata.name ?? "";
    const key = { namespace: stage.namespace, name: "stash-backup-new-0" };
    const hosts = [gone, alive, "stash-backup-new-0-zzzzz", "laptop"];
    const data = { report: JSON.stringify({ lockHosts: hosts }) };
    await desk.cluster.patch(configMaps, key, { ...waiting, merge: { data } });
    const answers = await eventually(
      "answers",
      async () => (await desk.cluster.get(configMaps, key, waiting))?.data?.["answers"],
    );
    expect(JSON.parse(answers)).toEqual({
      hosts: { [gone]: "gone", [alive]: "alive", "stash-backup-new-0-zzzzz": "unknown", laptop: "unknown" },
    });
  });

  test("ends without a Job when its target is gone, and leaves nothing", async () => {
    const stage = await openStage(desk, {
      task: { name: "nats-backup-2.6.1", params: [{ name: "strean", value: "A" }] },
    });
    await desk.cluster.remove(resourceOf("AppBinding"), { namespace: stage.namespace, name: "sample-nats" }, waiting);
    await stage.begin("bad");
    const { status } = await stage.until("bad", (each) => each.status?.sessionDuration !== undefined);
    // Which comes first is a race: its BackupConfiguration is not Ready any more, or its Job cannot be made.
    expect(status?.phase).toMatch(/^(Failed|Skipped)$/);
    expect(JSON.stringify(status)).toContain("AppBinding");
    expect(await stage.leftovers()).toEqual([]);
    expect(await stage.jobs()).toEqual([]);
  });
});

describe.skipIf(missing !== undefined).each(bothServers)("two operators at once on $name", ({ start }) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk({}, start);
  }, 120_000);
  afterAll(async () => await desk?.[Symbol.asyncDispose]());

  test.skipIf(pushgatewayMissing() !== undefined)(
    "make one Job a session, and tell its figures",
    async () => {
      await using pushgateway = await startPushgateway();
      const settings = { operatorPushgatewayUrl: pushgateway.url };
      await desk.startOperator({}, settings);
      await desk.startOperator({}, settings);
      const stage = await openStage(desk, { backupHistoryLimit: 20 });
      const names = ["a", "b", "c", "d"];
      for (const name of names) {
        await stage.begin(name);
        await (name === "d"
          ? stage.patchPod(await stage.pod(name), { phase: "Failed", initContainerStatuses: [endedWith(1)] })
          : stage.succeed(name));
        await stage.ends(name, name === "d" ? "Failed" : "Succeeded");
      }
      expect((await stage.jobs()).map(({ metadata }) => metadata.name)).toEqual(
        ["a", "b", "c"].map((name) => `stash-backup-${name}-0`),
      );
      const text = (await pushgateway.samples()).join("\n");
      expect(text).toMatch(/stash_backup_session_success{.*job="backupconfiguration-.*-sample-nats-backup".*} 0/);
      expect(text).toMatch(/stash_appscode_com_backupsession_target_host_count_total{.*kind="nats".*} 1/);
      expect(text).toMatch(/stash_appscode_com_backupsession_last_success_time_seconds{.*} 1\.\d+e\+09/);
    },
    120_000,
  );
});
