import { expect, test } from "vitest";
import { folderOf } from "./claim-place.ts";

const claim = (volumeName: string, phase: string) => ({
  ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { namespace: "default", name: "c", uid: "u" } },
  ...{ spec: { volumeName }, status: { phase } },
});
const volume = (spec: Record<string, { path: string }>, provisionedBy = "") => ({
  ...{ apiVersion: "v1", kind: "PersistentVolume", spec },
  metadata: { name: "v", annotations: { "pv.kubernetes.io/provisioned-by": provisionedBy } },
});
const ours = volume({ hostPath: { path: "/where/the/folder/was" } }, "coldstream.dev/folder");
const own = { kind: "own" };
const elsewhere = { kind: "elsewhere", path: "/disk" };

test.each([
  ["a claim without a volume", claim("", ""), undefined, own],
  ["a volume of ours, wherever its folder was when it was made", claim("pvc-u", "Bound"), ours, own],
  ["a volume of ours under another name", claim("another", "Bound"), ours, own],
  ["a volume of ours that somebody removed", claim("pvc-u", "Bound"), undefined, own],
  ["a folder of the host", claim("disk", "Bound"), volume({ hostPath: { path: "/disk" } }), elsewhere],
  ["a local disk", claim("disk", "Bound"), volume({ local: { path: "/disk" } }), elsewhere],
  [
    "another provisioner's, who names it as we do",
    claim("pvc-u", "Bound"),
    volume({ local: { path: "/disk" } }, "x"),
    elsewhere,
  ],
  [
    "a volume that was asked for and is not bound yet",
    claim("disk", ""),
    volume({ local: { path: "/disk" } }),
    elsewhere,
  ],
  ["a volume of ours before it is bound", claim("pvc-u", ""), undefined, own],
  [
    "a volume that is not there",
    claim("disk", "Pending"),
    undefined,
    {
      kind: "lacking",
      message: 'persistentvolumeclaim "c" waits for its volume: persistentvolume "disk" not found',
    },
  ],
  [
    "what is no folder",
    claim("disk", "Bound"),
    volume({ nfs: { path: "/export" } }),
    { kind: "lacking", message: 'persistentvolumeclaim "c" lies on a volume that is no folder of this node' },
  ],
])("finds %s", (_title, given, named, found) => expect(folderOf(given, named)).toEqual(found));
