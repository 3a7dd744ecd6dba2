import type { PolicyRule } from "../../kube/core.ts";
import { allow } from "../rights/rule.ts";

/** What begins sessions may do; without names for every configuration of its namespace. Who may create knows no names anyway. */
export function triggerRules(names?: readonly string[]): readonly PolicyRule[] {
  const only = names === undefined ? {} : { names };
  return [
    allow("BackupSession", ["create"]),
    allow("BackupConfiguration", ["get"], only),
    // Some clusters (OpenShift) ask it of whoever makes an object that its owner's deletion waits for.
    allow("BackupConfiguration", ["update"], { part: "finalizers", ...only }),
  ];
}
