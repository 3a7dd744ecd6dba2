import { expect, test } from "vitest";
import type { OwnerReference } from "../../api/kubernetes.ts";
import { decide, type GarbageStep, type OwnerState } from "./decide.ts";
import type { Item } from "./item.ts";

const reference = (uid: string, blockOwnerDeletion = false): OwnerReference => ({
  ...{ apiVersion: "v1", kind: "ConfigMap", name: uid, uid, blockOwnerDeletion },
});

function item(
  uid: string,
  mark: { readonly finalizers?: string[]; readonly owners?: OwnerReference[]; readonly isGoing?: boolean } = {},
): Item {
  const { finalizers = [], owners = [], isGoing = false } = mark;
  return {
    ...{ apiVersion: "v1", kind: "ConfigMap" },
    metadata: {
      name: uid,
      uid,
      finalizers,
      ownerReferences: owners,
      ...(isGoing && { deletionTimestamp: "2026-11-21T03:00:00Z" }),
    },
  };
}

const states = (...each: readonly OwnerState[]) => each.map((state, at) => ({ reference: reference(`o${at}`), state }));
const child = item("child", { owners: [reference("x"), reference("y")] });
const blocking = item("blocking", { owners: [reference("x", true)] });

interface Given {
  readonly x?: Item;
  readonly owners?: ReturnType<typeof states>;
  readonly dependents?: readonly Item[];
}

function told(steps: readonly GarbageStep[]): readonly string[] {
  return steps.map((step) => {
    if (step.kind === "remove") return `remove ${step.propagation}`;
    if (step.kind === "finish") return `finish ${step.finalizer}`;
    return `disown ${step.item.metadata.name} keeps ${step.references.map(({ uid }) => uid)}`;
  });
}

test.each<[string, Given, readonly string[]]>([
  ["what nobody owns stays", {}, []],
  ["what an owner has stays", { owners: states("solid") }, []],
  ["what no owner has any more goes", { owners: states("gone", "gone") }, ["remove Background"]],
  ["what one owner has still loses the others", { owners: states("gone", "solid", "waiting") }, ["disown x keeps o1"]],
  ["one whose owner cannot be told stays", { owners: states("unresolvable") }, []],
  ["and keeps all its owners, as long as there is that one", { owners: states("gone", "solid", "unresolvable") }, []],
  ["an owner that waits is not waited for in turn", { owners: states("waiting") }, ["remove Background"]],
  ["but by what owns something itself", { owners: states("waiting"), dependents: [child] }, ["remove Foreground"]],
  [
    "goes as its finalizer asks for",
    { x: item("x", { finalizers: ["orphan"] }), owners: states("gone") },
    ["remove Orphan"],
  ],
  ["what goes already is left alone", { x: item("x", { isGoing: true }), owners: states("gone") }, []],
  [
    "in the foreground an owner waits for those that block it",
    { x: item("x", { isGoing: true, finalizers: ["foregroundDeletion"] }), dependents: [child, blocking] },
    [],
  ],
  [
    "and for no others",
    { x: item("x", { isGoing: true, finalizers: ["foregroundDeletion"] }), dependents: [child] },
    ["finish foregroundDeletion"],
  ],
  [
    "one that leaves orphans lets go of them first",
    { x: item("x", { isGoing: true, finalizers: ["orphan"] }), dependents: [child, blocking] },
    ["disown child keeps y", "disown blocking keeps "],
  ],
  ["and then goes", { x: item("x", { isGoing: true, finalizers: ["orphan"] }) }, ["finish orphan"]],
])("%s", (_title, { x = item("x"), owners = [], dependents = [] }, expected) =>
  expect(told(decide({ item: x, owners, dependents }))).toEqual(expected),
);
