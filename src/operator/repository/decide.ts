import { finalizers } from "../../api/labels.ts";
import type { Repository } from "../../api/repository.ts";

/** What is known of the Job that deletes the data. */
export type WipeOut =
  | { readonly state: "absent" }
  | { readonly state: "running" }
  | { readonly state: "succeeded" }
  | { readonly state: "failed"; readonly since: Date };

export type RepositoryStep =
  /** Holds the object until its end is settled. */
  | { readonly step: "hold" }
  /** Lets the object go. `left`: why its data stays although its deletion was asked for. */
  | { readonly step: "release"; readonly left?: string }
  | { readonly step: "wipe-out" }
  | { readonly step: "wait" }
  /** Deletes the failed Job, so that the next pass makes another. */
  | { readonly step: "try-again" }
  | { readonly step: "keep-status" }
  | { readonly step: "none" };

/** How long after a Job gave up (it tries a few times itself) another is made: someone may have mended the cause. */
export const retryAfterMs = 300_000;

export interface RepositoryView {
  readonly repository: Repository;
  readonly isNamespaceGoing: boolean;
  readonly wipeOut: WipeOut;
}

export function decide({ repository, isNamespaceGoing, wipeOut }: RepositoryView, now: Date): RepositoryStep {
  const { metadata, spec } = repository;
  const isHeld = metadata.finalizers?.includes(finalizers.repository) === true;
  if (metadata.deletionTimestamp == null) return { step: isHeld ? "keep-status" : "hold" };
  if (!isHeld) return { step: "none" };
  if (spec.wipeOut !== true) return { step: "release" };
  if (wipeOut.state === "succeeded") return { step: "release" };
  const obstacle = obstacleOf(repository, isNamespaceGoing);
  if (obstacle !== undefined) return { step: "release", left: obstacle };
  switch (wipeOut.state) {
    case "absent":
      return { step: "wipe-out" };
    case "running":
      return { step: "wait" };
    case "failed":
      return { step: now.getTime() - wipeOut.since.getTime() >= retryAfterMs ? "try-again" : "wait" };
    default:
      throw new Error(`unknown state ${wipeOut satisfies never}`);
  }
}

function obstacleOf({ metadata, spec }: Repository, isNamespaceGoing: boolean): string | undefined {
  if (isNamespaceGoing) return `namespace ${metadata.namespace} is being deleted, and nothing can be started in it`;
  if (spec.backend?.local !== undefined) return "wipeOut is not possible with the backend local";
  return spec.backend?.b2 === undefined ? undefined : "wipeOut is not possible with the backend b2";
}
