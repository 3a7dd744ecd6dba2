import { isDeepStrictEqual } from "node:util";
import { labels, managedBy } from "../../api/labels.ts";
import { snapshotName } from "../../api/names.ts";
import type { Repository } from "../../api/repository.ts";
import type { ReportedSnapshot } from "../../api/session-report.ts";
import type { Snapshot } from "../../api/snapshot.ts";
import { formatTime } from "../../kit/quantities.ts";
import type { Draft } from "../../kube/cluster.ts";
import { ownedBy } from "../../kube/core.ts";

/** Snapshot objects: what the last session saw in the repository. Pure. */

export interface SnapshotChanges {
  readonly make: readonly Draft[];
  readonly change: readonly { readonly before: Snapshot; readonly draft: Draft }[];
  readonly remove: readonly Snapshot[];
}

/** What makes the Snapshots of `repository` like `reported`. `known`: those of its namespace. */
export function snapshotChanges(
  repository: Repository,
  reported: readonly ReportedSnapshot[],
  known: readonly Snapshot[],
): SnapshotChanges {
  const own = known.filter((each) => isOf(each, repository));
  const wanted = new Map(
    reported.map((each) => draftOf(repository, each)).map((draft) => [String(draft.metadata.name), draft]),
  );
  const names = new Set(known.map(({ metadata }) => metadata.name));
  return {
    make: [...wanted].filter(([name]) => !names.has(name)).map(([, draft]) => draft),
    change: own.flatMap((before) => {
      const draft = wanted.get(before.metadata.name ?? "");
      return draft === undefined || isAlike(before, draft) ? [] : [{ before, draft }];
    }),
    remove: own.filter(({ metadata }) => !wanted.has(metadata.name ?? "")),
  };
}

/** Two Repositories whose names are cut alike could want one name: the first keeps it. */
function isOf({ metadata, status }: Snapshot, repository: Repository): boolean {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner === undefined ? status?.repository === repository.metadata.name : owner.uid === repository.metadata.uid;
}

function isAlike(before: Snapshot, { metadata, status }: Draft): boolean {
  return isDeepStrictEqual(before.status, status) && isDeepStrictEqual(before.metadata.labels, metadata["labels"]);
}

function draftOf(repository: Repository, snapshot: ReportedSnapshot): Draft {
  const { name = "", namespace } = repository.metadata;
  const { id, tree, time, hostname, username, uid, gid, paths, tags } = snapshot;
  return {
    metadata: {
      name: snapshotName(name, id),
      namespace,
      labels: {
        ...repository.metadata.labels,
        [labels.managedBy]: managedBy,
        ...labelled(labels.repository, name),
        ...labelled(labels.hostname, hostname),
      },
      ownerReferences: [ownedBy(repository)],
    },
    status: {
      id: id.slice(0, 8),
      snapshotID: id,
      time: secondsOf(time),
      tree,
      paths,
      hostname,
      ...(username === undefined ? {} : { username }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      tags,
      repository: name,
    },
  };
}

/** A label that cannot be one is left out, not cut: a selector would find the wrong ones. */
function labelled(key: string, value: string): Readonly<Record<string, string>> {
  return /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/.test(value) ? { [key]: value } : {};
}

/** restic gives nanoseconds and a zone; the column shows it as it stands. */
function secondsOf(time: string): string {
  const parsed = Date.parse(time);
  return Number.isNaN(parsed) ? time : formatTime(new Date(parsed));
}
