import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as names from "./names.ts";

const long = `${"a".repeat(40)}-${"b".repeat(40)}`;
const here = { namespace: "demo", name: "sample-nats-backup" };
const slot = new Date("2023-11-14T22:13:20Z");

describe("the names of what is made", () => {
  test.each([
    ["CronJob", names.cronJobName(here, "demo"), "stash-trigger-sample-nats-backup"],
    ["CronJob of a name with dots", names.cronJobName({ ...here, name: "a.b.c" }, "demo"), "stash-trigger-a-b-c"],
    ["CronJob of another namespace", names.cronJobName(here, "far"), "stash-trigger-demo-sample-nats-backup"],
    ["BackupSession", names.backupSessionName("sample-nats-backup", slot), "sample-nats-backup-1700000000"],
    ["backup Job", names.backupJobName("a.b-1700000000"), "stash-backup-a-b-1700000000-0"],
    ["restore Job", names.restoreJobName("sample-nats-restore"), "stash-restore-sample-nats-restore-0"],
    ["interim claim", names.interimClaimName("b-1700000000", "tmp"), "b-1700000000-tmp"],
    ["account of the Job", names.jobAccountName("BackupConfiguration", "b"), "backupconfiguration-b-0"],
    [
      "Role beside a Repository",
      names.repositoryRoleName("RestoreSession", here),
      "demo-restoresession-sample-nats-backup-0",
    ],
    ["pull Secret", names.pullSecretName("regcred", "BackupConfiguration", "b"), "regcred-backupconfiguration-b"],
    ["container", names.containerName("nats-backup-2.6.1", 0), "nats-backup-2-6-1-0"],
    ["Snapshot", names.snapshotName("gcs-repo", "4bc21d6f0011"), "gcs-repo-4bc21d6f"],
    ["blueprint's objects", names.blueprintName("sample-nats"), "app-sample-nats"],
    ["blueprint's objects elsewhere", names.blueprintName("sample-nats", "demo"), "demo-app-sample-nats"],
  ])("%s", (_what, name, expected) => expect(name).toBe(expected));
});

describe("names that are too long", () => {
  test.each([
    [
      "CronJob keeps its end",
      names.cronJobName({ ...here, name: long }, "demo"),
      `${"a".repeat(11)}-${"b".repeat(40)}`,
    ],
    [
      "CronJob elsewhere keeps both",
      names.cronJobName({ ...here, name: long }, "far"),
      `stash-trigger-demo-${"a".repeat(7)}${"b".repeat(26)}`,
    ],
    ["session keeps its slot", names.backupSessionName(long, slot), `${"a".repeat(40)}-${"b".repeat(11)}-1700000000`],
    [
      "session does not end in two dashes",
      names.backupSessionName(`${"a".repeat(51)}.b`, slot),
      `${"a".repeat(51)}-1700000000`,
    ],
    ["Job keeps both", names.backupJobName(long), `stash-backup-${"a".repeat(19)}${"b".repeat(29)}-0`],
    ["claim keeps its beginning", names.interimClaimName(long, "tmp"), `${"a".repeat(40)}-${"b".repeat(22)}`],
    ["no dash at an end", names.interimClaimName("a".repeat(62), "tmp"), "a".repeat(62)],
    ["Snapshot keeps its id", names.snapshotName(long, "4bc21d6f0011"), `${"a".repeat(40)}-${"b".repeat(13)}-4bc21d6f`],
  ])("%s", (_what, name, expected) => expect(name).toBe(expected));

  test.each([
    [63, "x".repeat(48)],
    [64, "x".repeat(49)],
  ])("a Job's name of %d characters ends up within 63", (length, session) => {
    const whole = `stash-backup-${session}-0`;
    expect(whole).toHaveLength(length);
    expect(names.backupJobName(session)).toBe(length <= 63 ? whole : whole.slice(0, 32) + whole.slice(-31));
  });
  test.each([
    [52, "x".repeat(38)],
    [53, "x".repeat(39)],
  ])("a CronJob's name of %d characters ends up within 52", (length, name) => {
    expect(`stash-trigger-${name}`).toHaveLength(length);
    expect(names.cronJobName({ ...here, name }, "demo")).toBe(`stash-trigger-${name}`.slice(-52));
  });
});

test("whatever an object is called, what is made for it has a name that Kubernetes takes", () => {
  const part = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
  const name = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("."));
  fc.assert(
    fc.property(name, part, part, (own, namespace, other) => {
      const invoker = { name: own, namespace };
      const made = [
        ...[names.backupSessionName(own, slot), names.backupJobName(own), names.restoreJobName(own)],
        ...[names.interimClaimName(own, other), names.jobAccountName("RestoreSession", own)],
        ...[names.repositoryRoleName("BackupConfiguration", invoker), names.snapshotName(own, "4bc21d6f0011")],
        ...[names.blueprintName(own), names.blueprintName(own, namespace)],
      ];
      const cronJobs = [names.cronJobName(invoker, namespace), names.cronJobName(invoker, other)];
      expect(
        [...made, ...cronJobs].filter(
          (each) => !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(each),
        ),
      ).toEqual([]);
      expect(Math.max(...made.map((each) => each.length))).toBeLessThanOrEqual(63);
      expect(Math.max(...cronJobs.map((each) => each.length))).toBeLessThanOrEqual(52);
    }),
    { numRuns: 1000 },
  );
});
