import { z } from "zod";
import { Metadata } from "../api/document.ts";
import { type KindEntry, kinds as ourKinds } from "../api/kinds.ts";
import { Failure } from "../kit/failures.ts";
import { KubeFailure } from "../kube/failure.ts";
import type { Resource } from "../kube/resource.ts";
import { nearest } from "./nearest.ts";

/** An object of any kind: what is not named here is kept as it came. */
export const AnyObject = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: Metadata });
export type AnyObject = z.infer<typeof AnyObject>;

export interface ServedKind extends Resource<AnyObject> {
  readonly singular: string;
  readonly shortNames: readonly string[];
}

/** Finds kinds by what people write. Asks the server only for those that are neither ours nor Kubernetes' usual ones. */
export interface KindFinder {
  /** `bc`, `jobs`, `BackupConfiguration`, `deployments.apps`. */
  named(word: string): Promise<ServedKind>;
  /** What a manifest says. */
  ofManifest(apiVersion: string, kind: string): Promise<ServedKind>;
}

/** GET of a path. */
export type Ask = (path: string) => Promise<unknown>;

const ApiList = z.object({
  resources: z.array(
    z.object({
      name: z.string(),
      singularName: z.string().optional(),
      kind: z.string(),
      namespaced: z.boolean(),
      shortNames: z.array(z.string()).nullish(),
    }),
  ),
});
const Groups = z.object({ groups: z.array(z.object({ preferredVersion: z.object({ groupVersion: z.string() }) })) });

const rbac = "rbac.authorization.k8s.io";

/** `group Kind plural short...`; a star: of the cluster. As every Kubernetes since 1.21 serves them, in v1. */
const usual: readonly string[] = [
  ...[
    " Pod pods po",
    " Secret secrets",
    " ConfigMap configmaps cm",
    " Service services svc",
    " Endpoints endpoints ep",
  ],
  ...[" Event events ev", " ServiceAccount serviceaccounts sa", " PersistentVolumeClaim persistentvolumeclaims pvc"],
  ...[" *Namespace namespaces ns", " *Node nodes no", " *PersistentVolume persistentvolumes pv"],
  ...["batch Job jobs", "batch CronJob cronjobs cj", "coordination.k8s.io Lease leases"],
  ...[`${rbac} Role roles`, `${rbac} RoleBinding rolebindings`],
  ...[`${rbac} *ClusterRole clusterroles`, `${rbac} *ClusterRoleBinding clusterrolebindings`],
  "apiextensions.k8s.io *CustomResourceDefinition customresourcedefinitions crd crds",
  "storage.k8s.io *StorageClass storageclasses sc",
];

export function knownKinds(): readonly ServedKind[] {
  const ours = Object.entries(ourKinds).map(
    ([kind, { group, version, plural, shortNames, scope }]: [string, KindEntry]) =>
      served({ group, version, kind, plural, shortNames, isCluster: scope === "Cluster" }),
  );
  return [...ours, ...usual.map(readUsual)];
}

function readUsual(line: string): ServedKind {
  const [group = "", kind = "", plural = "", ...shortNames] = line.split(" ");
  return served({
    group,
    version: "v1",
    kind: kind.replace("*", ""),
    plural,
    shortNames,
    isCluster: kind.startsWith("*"),
  });
}

interface Draft {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly isCluster: boolean;
}

function served({ isCluster, ...draft }: Draft): ServedKind {
  const scope = isCluster ? "Cluster" : "Namespaced";
  return { ...draft, singular: draft.kind.toLowerCase(), scope, schema: AnyObject };
}

export function findKinds(ask: Ask): KindFinder {
  const known = knownKinds();
  let all: Promise<readonly ServedKind[]> | undefined;
  return {
    async named(word) {
      const found = byWord(known, word);
      if (found !== undefined) return found;
      all ??= discover(ask);
      const others = await all;
      return byWord(others, word) ?? unknownKind(word, [...known, ...others]);
    },
    async ofManifest(apiVersion, kind) {
      const isIt = (each: ServedKind) => each.kind === kind && apiVersionOf(each) === apiVersion;
      const found = known.find(isIt) ?? (await servedIn(ask, apiVersion)).find(isIt);
      if (found !== undefined) return found;
      const alike = known.filter((each) => each.kind === kind).map(apiVersionOf)[0];
      throw new Failure("configuration-invalid", `the cluster serves no ${kind} in ${apiVersion}`, {
        hint: alike === undefined ? nearestKind(kind, known) : `there is one in ${alike}`,
      });
    },
  };
}

function apiVersionOf({ group, version }: ServedKind): string {
  return group === "" ? version : `${group}/${version}`;
}

/** `jobs.batch`, `jobs.v1.batch`: the group is named. */
function byWord(kinds: readonly ServedKind[], word: string): ServedKind | undefined {
  const [name = "", ...rest] = word.toLowerCase().split(".");
  const tail = rest.join(".");
  return kinds.find(
    ({ plural, singular, shortNames, group, version }) =>
      [plural, singular, ...shortNames].includes(name) && ["", group, `${version}.${group}`].includes(tail),
  );
}

function unknownKind(word: string, kinds: readonly ServedKind[]): never {
  throw new Failure("usage", `the cluster serves no kind ${JSON.stringify(word)}`, { hint: nearestKind(word, kinds) });
}

function nearestKind(word: string, kinds: readonly ServedKind[]): string {
  const name = word.toLowerCase().split(".")[0] ?? "";
  const found = nearest(name, [
    ...new Set(kinds.flatMap(({ plural, singular, shortNames }) => [plural, singular, ...shortNames])),
  ]);
  return found === undefined
    ? "ours are repositories (repo), backupconfigurations (bc), backupsessions, restoresessions, snapshots and appbindings"
    : `did you mean ${found}?`;
}

async function discover(ask: Ask): Promise<readonly ServedKind[]> {
  const { groups } = Groups.parse(await ask("/apis"));
  const versions = groups.map(({ preferredVersion }) => preferredVersion.groupVersion);
  return (await Promise.all(["v1", ...versions].map((version) => servedIn(ask, version)))).flat();
}

/** What a group serves; nothing when there is no such group, or whoever serves it is down. */
async function servedIn(ask: Ask, apiVersion: string): Promise<readonly ServedKind[]> {
  const [version = "", group = ""] = apiVersion.split("/").toReversed();
  try {
    const path = group === "" ? `/api/${encodeURIComponent(version)}` : `/apis/${group}/${version}`;
    const { resources } = ApiList.parse(await ask(path));
    return resources
      .filter(({ name }) => !name.includes("/"))
      .map(({ name, kind, shortNames, namespaced }) =>
        served({ group, version, kind, plural: name, shortNames: shortNames ?? [], isCluster: !namespaced }),
      );
  } catch (error) {
    if (KubeFailure.isReason(error, "NotFound", "NotServed", "ServiceUnavailable")) return [];
    throw error;
  }
}

/** `job.batch/x`, `secret/x`: how kubectl names an object in one word. */
export function nameOf({ group, singular }: ServedKind, name: string): string {
  return `${group === "" ? singular : `${singular}.${group}`}/${name}`;
}
