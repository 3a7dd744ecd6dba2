import { expect, test } from "vitest";
import { Pod } from "../../kube/core.ts";
import { hostState } from "./lock-hosts.ts";

function pod(name: string, phase: string, namespace = "demo"): Pod {
  return Pod.parse({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: { containers: [] },
    status: { phase },
  });
}

const pods = [
  pod("stash-backup-a-0-aaaaa", "Running"),
  pod("stash-backup-a-0-bbbbb", "Failed"),
  pod("stash-backup-a-0-ccccc", "Succeeded"),
  pod("stash-backup-a-0-ccccc", "Pending", "shop"),
];
const past = new Set(["stash-backup-a-0-ddddd", "stash-backup-a-0-aaaaa"]);

test.each([
  ["that runs", "stash-backup-a-0-aaaaa", "alive"],
  ["that has ended", "stash-backup-a-0-bbbbb", "gone"],
  ["that has ended, while one of its name elsewhere has not", "stash-backup-a-0-ccccc", "alive"],
  ["that is no more", "stash-backup-a-0-ddddd", "gone"],
  ["that is called like one of ours, but never was here", "stash-backup-a-0-zzzzz", "unknown"],
  ["of a laptop", "laptop.local", "unknown"],
])("the lock of a pod %s", (_title, host, state) => expect(hostState(host, { pods, past })).toBe(state));
