import { describe, expect, test } from "vitest";
import { containersOf, executorOf, flagsOf, madeOf, podOf, settings } from "../../../tests/support/executor-sample.ts";
import { manifest } from "../../../tests/support/manifests.ts";
import { parseTaskFlags } from "../../api/task-flags.ts";
import type { CronJob } from "../../kube/core.ts";
import { buildTrigger } from "../trigger/trigger.ts";

/** The examples of the guide for customization: what each asks for stands on the Job. */

const backup = (name: string) => manifest("BackupConfiguration", "backup-customization", name);
const restore = (name: string) => manifest("RestoreSession", "restore-customization", name);

function backupPod(name: string) {
  return podOf(executorOf(backup(name)));
}

function restorePod(name: string) {
  return podOf(executorOf(restore(name)));
}

function restoreFlags(name: string) {
  const [first] = containersOf(restorePod(name));
  expect(first?.name).toBe("nats-restore-2-6-1-0");
  return parseTaskFlags("nats-restore", first?.args?.slice(2) ?? []);
}

const amounts = { cpu: "200m", memory: "1Gi" };
const resources = { requests: amounts, limits: amounts };

describe("a backup", () => {
  test("C1: passes args on, and without an interim volume lies in the temporary folder", () => {
    const [first] = containersOf(backupPod("c1-backup"));
    expect(parseTaskFlags("nats-backup", first?.args?.slice(2) ?? [])).toMatchObject({
      natsArgs: ["--check"],
      interimDataDir: "/stash-tmp/stash-interim-volume/data",
    });
  });
  test("C2: names the streams", () => {
    const [first] = containersOf(backupPod("c2-backup"));
    expect(flagsOf(first).get("streams")).toBe("str1,str2");
    expect(parseTaskFlags("nats-backup", first?.args?.slice(2) ?? []).streams).toEqual(["str1", "str2"]);
  });
  test("C3: runs as the user it says", () => {
    expect(backupPod("c3-backup")["securityContext"]).toEqual({ runAsUser: 0, runAsGroup: 0 });
  });
  test("C4: has its resources on all containers, the trigger's too", () => {
    const cronJob = madeOf(buildTrigger(backup("c4-backup"), { settings }), "CronJob") as unknown as CronJob;
    const trigger = cronJob.spec.jobTemplate.spec.template.spec;
    const all = [...containersOf(backupPod("c4-backup")), ...containersOf(trigger)];
    expect(all.map((each) => each.resources)).toEqual([resources, resources, resources]);
  });
  test("C5: leaves the retention policy to update-status, which reads it from the invoker", () => {
    const [, status] = containersOf(backupPod("c5-backup"));
    expect(parseTaskFlags("update-status", status?.args?.slice(2) ?? [])).toMatchObject({
      invokerKind: "BackupConfiguration",
      invokerName: "c5-backup",
      targetName: "sample-nat",
    });
  });
});

describe("a restore", () => {
  test("C6: passes args on, though it names the Task of the backup", () => {
    expect(restoreFlags("c6-restore")).toMatchObject({ natsArgs: ["--no-progress"], snapshot: ["latest"] });
  });
  test("C7: names the streams", () => expect(restoreFlags("c7-restore").streams).toEqual(["str1", "str2"]));
  test("C8: overwrites when asked to, though it names the Task of the backup", () => {
    expect(restoreFlags("c8-restore").overwrite).toBe(true);
  });
  test("C8: and not otherwise", () => expect(restoreFlags("c8n-restore").overwrite).toBe(false));
  test("C9: names one snapshot", () => expect(restoreFlags("c9-restore").snapshot).toEqual(["4bc21d6f"]));
  test("C10: runs as the user and with the resources it says", () => {
    expect(restorePod("c10-restore-user")["securityContext"]).toEqual({ runAsUser: 0, runAsGroup: 0 });
    const all = containersOf(restorePod("c10-restore-resources"));
    expect(all.map((each) => each.resources)).toEqual([resources, resources]);
  });
});
