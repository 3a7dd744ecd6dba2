import type { OwnerReference } from "../../api/kubernetes.ts";
import { foreground, type Item, isGoingWith, orphan } from "./item.ts";

/** What becomes of an object because of its owners and of what it owns, as Kubernetes' garbage collector does it. Pure. */

export type OwnerState =
  /** There, with this uid. */
  | "solid"
  /** There, and waits for what it owns to go. */
  | "waiting"
  /** Not there, or another of that name. */
  | "gone"
  /** Of a namespace, named by what lies in none: nobody can say which one is meant. */
  | "unresolvable";

export interface GarbageView {
  readonly item: Item;
  readonly owners: readonly { readonly reference: OwnerReference; readonly state: OwnerState }[];
  /** What names it as an owner. */
  readonly dependents: readonly Item[];
}

export type GarbageStep =
  | { readonly kind: "remove"; readonly propagation: "Background" | "Foreground" | "Orphan" }
  /** The list that is left. */
  | { readonly kind: "disown"; readonly item: Item; readonly references: readonly OwnerReference[] }
  | { readonly kind: "finish"; readonly finalizer: string };

export function decide(view: GarbageView): readonly GarbageStep[] {
  const { item, dependents } = view;
  if (isGoingWith(item, orphan)) return orphaning(item, dependents);
  if (isGoingWith(item, foreground)) return blockingOf(item, dependents).length > 0 ? [] : [finish(foreground)];
  if (item.metadata.deletionTimestamp != null || view.owners.length === 0) return [];
  return collecting(view);
}

function finish(finalizer: string): GarbageStep {
  return { kind: "finish", finalizer };
}

/** All of them first; the finalizer goes when none is left, which their changes show. */
function orphaning(item: Item, dependents: readonly Item[]): readonly GarbageStep[] {
  if (dependents.length === 0) return [finish(orphan)];
  return dependents.map((dependent) => ({
    ...{ kind: "disown", item: dependent },
    references: (dependent.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== item.metadata.uid),
  }));
}

/** Those that an owner which goes in the foreground waits for. */
export function blockingOf({ metadata }: Item, dependents: readonly Item[]): readonly Item[] {
  return dependents.filter((dependent) =>
    (dependent.metadata.ownerReferences ?? []).some(
      ({ uid, blockOwnerDeletion }) => uid === metadata.uid && blockOwnerDeletion === true,
    ),
  );
}

function collecting({ item, owners, dependents }: GarbageView): readonly GarbageStep[] {
  const of = (state: OwnerState) => owners.filter((owner) => owner.state === state);
  // Kubernetes takes such a reference for a mistake that somebody has to mend, and touches nothing
  if (of("unresolvable").length > 0) return [];
  const solid = of("solid");
  if (solid.length === owners.length) return [];
  // one that is kept by another owner is not waited for
  if (solid.length > 0) return [{ kind: "disown", item, references: solid.map(({ reference }) => reference) }];
  if (of("waiting").length > 0 && dependents.length > 0) return [{ kind: "remove", propagation: "Foreground" }];
  return [{ kind: "remove", propagation: propagationOf(item) }];
}

/** As a finalizer asks for that was there before. */
function propagationOf({ metadata }: Item): "Background" | "Foreground" | "Orphan" {
  const finalizers = metadata.finalizers ?? [];
  if (finalizers.includes(orphan)) return "Orphan";
  return finalizers.includes(foreground) ? "Foreground" : "Background";
}
