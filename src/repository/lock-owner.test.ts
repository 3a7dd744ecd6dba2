import { describe, expect, test } from "vitest";
import { areLeftBehind, type Here, type Owned, type SeenRun } from "./lock-owner.ts";

const at = (time: string): Date => new Date(`2026-11-22T${time}Z`);
const here: Here = { host: "vm", boot: "b2", namespace: "pid:[1]", machine: "m", booted: at("01:00:00") };
const lock: Owned = { hostname: "vm", pid: 70, time: at("02:00:01") };
const dead: SeenRun = {
  ...{ pid: 70, host: "vm", boot: "b2", namespace: "pid:[1]", start: "900", machine: "m", repository: "/r" },
  ...{ begun: at("02:00:00"), seen: at("02:00:30"), isAlive: false },
};
const beforeBoot: SeenRun = { ...dead, boot: "b1", begun: at("00:30:00"), seen: at("00:30:00") };
const oldLock: Owned = { ...lock, time: at("00:30:01") };

describe("locks that are left behind", () => {
  test.each<[string, readonly Owned[], readonly SeenRun[], Here?]>([
    ["one of a run that is over", [lock], [dead]],
    ["one that was refreshed", [{ ...lock, time: at("02:00:45") }], [dead]],
    ["one of before the machine's start", [oldLock], [beforeBoot]],
    [
      "one of before the machine's start, whose number has another process",
      [oldLock],
      [{ ...beforeBoot, isAlive: true }],
    ],
    [
      "one of before the machine's start, in a PID namespace of then",
      [oldLock],
      [{ ...beforeBoot, namespace: "pid:[9]" }],
    ],
    ["several", [lock, { ...lock, pid: 71 }, oldLock], [dead, { ...dead, pid: 71 }, beforeBoot]],
    ["one, beside a run that lives without one", [lock], [dead, { ...dead, pid: 71, isAlive: true }]],
    ["one, whose number a later run has", [lock], [dead, { ...dead, begun: at("02:10:00"), isAlive: true }]],
    ["one on a machine without an id", [lock], [{ ...dead, machine: undefined }], { ...here, machine: undefined }],
  ])("%s", (_title, locks, runs, where = here) => expect(areLeftBehind(locks, runs, where)).toBe(true));
});

describe("locks that may be somebody's", () => {
  test.each<[string, readonly Owned[], readonly SeenRun[], Here?]>([
    ["none", [], [dead]],
    ["one without a record", [lock], []],
    ["one of a run that lives", [lock], [{ ...dead, isAlive: true }]],
    ["one of another number", [{ ...lock, pid: 71 }], [dead]],
    ["one of another host", [{ ...lock, hostname: "pod" }], [dead]],
    ["one of this machine's name of then", [{ ...lock, hostname: "old" }], [{ ...dead, host: "old" }]],
    ["one without a host", [{ ...lock, hostname: "", pid: 0 }], [dead]],
    ["one of before the run", [{ ...lock, time: at("01:59:59") }], [dead]],
    ["one of long after the run was last seen", [{ ...lock, time: at("02:01:30") }], [dead]],
    ["one of another PID namespace", [lock], [{ ...dead, namespace: "pid:[2]" }]],
    ["one of another machine", [lock], [{ ...dead, machine: "n" }]],
    ["one of another machine, or one before its start", [oldLock], [{ ...beforeBoot, machine: "n" }]],
    [
      "one of another start of who knows what",
      [oldLock],
      [{ ...beforeBoot, machine: undefined }],
      { ...here, machine: undefined },
    ],
    ["one of this start, whose number a run before it had", [lock], [beforeBoot]],
    ["one that two runs can have, one of which lives", [lock], [dead, { ...dead, start: "901", isAlive: true }]],
    ["one that two runs can have, one unknown", [lock], [dead, { ...dead, namespace: "pid:[2]" }]],
    ["two, one of which is somebody's", [lock, { ...lock, pid: 71 }], [dead]],
  ])("%s", (_title, locks, runs, where = here) => expect(areLeftBehind(locks, runs, where)).toBe(false));
});
