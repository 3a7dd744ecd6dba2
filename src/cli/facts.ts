import { formatDuration } from "../kit/quantities.ts";
import type { AnyObject } from "./cluster-kinds.ts";
import { yamlOf } from "./get-view.ts";
import { listAt, textAt } from "./next-steps.ts";
import { valueAt } from "./wished-state.ts";

type Facts = readonly (readonly [string, string])[];

/** What a person wants to know of an object first, as names and values. Fields without a value are left out. */
export function factsOf(object: AnyObject): Facts {
  const { name = "", namespace = "", creationTimestamp, deletionTimestamp, labels } = object.metadata;
  const made = Date.parse(creationTimestamp ?? "");
  const facts: Facts = [
    ["name", name],
    ["namespace", namespace],
    ["kind", `${object.kind} (${object.apiVersion})`],
    ["made", Number.isNaN(made) ? "" : `${creationTimestamp}, ${formatDuration(Date.now() - made)} ago`],
    ["being deleted", deletionTimestamp ? `since ${deletionTimestamp}` : ""],
    [
      "labels",
      Object.entries(labels ?? {})
        .map(([label, value]) => `${label}=${value}`)
        .join(", "),
    ],
    ...ownFacts(object),
  ];
  return facts.filter(([, value]) => value !== "");
}

function ownFacts(object: AnyObject): Facts {
  switch (object.kind) {
    case "BackupConfiguration":
      return [...phaseOf(object), ...configurationFacts(object)];
    case "BackupSession":
      return [
        ...phaseOf(object),
        ["of", pair(object, ["spec", "invoker"])],
        ...statsFacts(object, ["status", "targets", "0"]),
      ];
    case "RestoreSession":
      return [
        ...phaseOf(object),
        ["repository", textAt(object, ["spec", "repository", "name"])],
        ["target", pair(object, ["spec", "target", "ref"])],
        ...statsFacts(object, ["status"]),
      ];
    case "Repository":
      return repositoryFacts(object);
    case "Secret":
      return secretFacts(object);
    default:
      return rest(object);
  }
}

function phaseOf(object: AnyObject): Facts {
  return [
    ["phase", textAt(object, ["status", "phase"]) || "not set"],
    ["took", textAt(object, ["status", "sessionDuration"])],
  ];
}

function pair(object: AnyObject, path: readonly string[]): string {
  const parts = [textAt(object, [...path, "kind"]), textAt(object, [...path, "name"])];
  return parts.filter((part) => part !== "").join(" ");
}

function configurationFacts(object: AnyObject): Facts {
  const policy = valueAt(object, ["spec", "retentionPolicy"]);
  const keep = Object.entries(typeof policy === "object" && policy !== null ? policy : {})
    .filter(([field]) => field.startsWith("keep"))
    .map(([field, value]) => `${field} ${String(value)}`);
  return [
    ["schedule", textAt(object, ["spec", "schedule"])],
    ["paused", textAt(object, ["spec", "paused"]) === "true" ? "yes: no session is made" : ""],
    ["task", textAt(object, ["spec", "task", "name"])],
    ["target", pair(object, ["spec", "target", "ref"])],
    ["repository", textAt(object, ["spec", "repository", "name"])],
    ["keeps", keep.join(", ")],
  ];
}

function statsFacts(object: AnyObject, path: readonly string[]): Facts {
  const [first] = listAt(object, [...path, "stats"]);
  const [snapshot] = listAt(first, ["snapshots"]);
  return [
    ["error", textAt(first, ["error"])],
    ["snapshot", textAt(snapshot, ["name"]).slice(0, 8)],
    ["size", textAt(snapshot, ["totalSize"])],
    ["new of it", textAt(snapshot, ["uploaded"])],
  ];
}

function repositoryFacts(object: AnyObject): Facts {
  const backend = valueAt(object, ["spec", "backend"]);
  const kinds = Object.keys(typeof backend === "object" && backend !== null ? backend : {});
  const place = kinds.find((name) => name !== "storageSecretName") ?? "";
  const where = ["endpoint", "bucket", "container", "url", "mountPath", "prefix"].map((name) =>
    textAt(backend, [place, name]),
  );
  const integrity = textAt(object, ["status", "integrity"]);
  const words: Readonly<Record<string, string>> = {
    true: "whole, as the last check says",
    false: "DAMAGED, as the last check says",
  };
  const users = listAt(object, ["status", "references"]).map(
    (each) => `${textAt(each, ["kind"])} ${textAt(each, ["namespace"])}/${textAt(each, ["name"])}`,
  );
  return [
    ["backend", [place, ...where].filter((part) => part !== "").join(" ")],
    ["secret", textAt(backend, ["storageSecretName"])],
    ["wipeOut", textAt(object, ["spec", "wipeOut"]) === "true" ? "yes: deleting this object deletes the backups" : ""],
    ["integrity", words[integrity] ?? "not checked yet"],
    ["size", textAt(object, ["status", "totalSize"])],
    ["snapshots", textAt(object, ["status", "snapshotCount"])],
    ["last backup", textAt(object, ["status", "lastBackupTime"])],
    ["used by", users.join(", ")],
  ];
}

/** Keys and how long their values are, never the values. */
function secretFacts(object: AnyObject): Facts {
  const values = valueAt(object, ["data"]);
  const fields = Object.entries(typeof values === "object" && values !== null ? values : {});
  return [
    ["type", textAt(object, ["type"])],
    ...fields.map(([key, value]) => [key, `${Buffer.from(String(value), "base64").length} bytes`] as const),
  ];
}

/** Any other kind: its parts as they are, but for what is shown elsewhere. */
function rest({ apiVersion: _version, kind: _kind, metadata: _metadata, ...fields }: AnyObject): Facts {
  return Object.entries(fields).map(([name, value]) => {
    const { conditions: _conditions, ...shown } =
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? (value as Readonly<Record<string, unknown>>)
        : { value };
    return [name, typeof value === "object" ? flat(yamlOf(shown)) : String(value)] as const;
  });
}

function flat(yaml: string): string {
  const text = yaml.replaceAll(/\n\s*/g, "; ");
  return text.length > 2_000 ? `${text.slice(0, 2_000)}... (all of it with: coldstream get -o yaml)` : text;
}
