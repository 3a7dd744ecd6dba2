import type { AnyObject } from "./cluster-kinds.ts";
import { valueAt } from "./wished-state.ts";

interface Found {
  readonly type: string;
  readonly status: string;
  readonly message: string;
}

export function conditionsOf(object: AnyObject): readonly Found[] {
  const targets = valueAt(object, ["status", "targets"]);
  const inner = Array.isArray(targets) ? targets.flatMap((target) => listAt(target, ["conditions"])) : [];
  return [...listAt(object, ["status", "conditions"]), ...inner].map((each) => ({
    type: textAt(each, ["type"]),
    status: textAt(each, ["status"]),
    message: textAt(each, ["message"]),
  }));
}

export function listAt(value: unknown, path: readonly string[]): readonly unknown[] {
  const found = valueAt(value, path);
  return Array.isArray(found) ? found : [];
}

/** A field in words; empty when it is not there. */
export function textAt(value: unknown, path: readonly string[]): string {
  const found = valueAt(value, path);
  return found === undefined || found === null || typeof found === "object" ? "" : String(found);
}

const remedies: Readonly<Record<string, string>> = {
  RepositoryFound: "make the Repository, or correct spec.repository",
  BackendSecretFound: "make the Secret that the Repository names in spec.backend.storageSecretName, in its namespace",
  BackupTargetFound: "make the AppBinding, or correct spec.target.ref",
  RestoreTargetFound: "make the AppBinding, or correct spec.target.ref",
  ValidationPassed: "correct the spec as the message says",
};

/** What to do about the state of one of our objects, in the order in which it helps. */
export function nextSteps(object: AnyObject): readonly string[] {
  const { name = "", namespace = "" } = object.metadata;
  const at = `${name} -n ${namespace}`;
  const phase = textAt(object, ["status", "phase"]);
  const fixes = conditionsOf(object)
    .filter(({ type, status }) => status !== "True" && remedies[type] !== undefined)
    .map(({ type }) => `${type}: ${remedies[type]}`);
  switch (object.kind) {
    case "BackupConfiguration":
      if (phase === "") return ["nobody has looked at it yet: does the operator run? coldstream get pods -A"];
      if (valueAt(object, ["spec", "paused"]) === true) return [...fixes, `let it go on: coldstream resume ${at}`];
      return phase === "Ready" ? [`back up now: coldstream trigger ${at} --wait`] : fixes;
    case "BackupSession":
    case "RestoreSession":
      return [...fixes, ...sessionSteps(object, phase)];
    case "Repository":
      if (valueAt(object, ["status", "integrity"]) === false) {
        return [`look at the damage: coldstream check --from-repository ${namespace}/${name}`];
      }
      return [`look at what is in it: coldstream snapshots --from-repository ${namespace}/${name}`];
    default:
      return fixes;
  }
}

function sessionSteps({ kind, metadata }: AnyObject, phase: string): readonly string[] {
  const { name = "", namespace = "" } = metadata;
  const log = `coldstream logs ${kind.toLowerCase()}/${name} -n ${namespace}`;
  switch (phase) {
    case "":
      return ["nobody has looked at it yet: does the operator run? coldstream get pods -A"];
    case "Pending":
    case "Running":
      return [`see it at work: ${log} -f`];
    case "Failed":
      return kind === "RestoreSession"
        ? [`see what it said: ${log}`, "then make another RestoreSession with another name"]
        : [`see what it said: ${log}`, "the next slot tries again; or now: coldstream trigger"];
    default:
      return [];
  }
}
