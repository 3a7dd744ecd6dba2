import { join } from "node:path";
import type { Variables } from "./environment.ts";
import { expand } from "./expand.ts";
import type { PodContainer } from "./pod.ts";

export interface MountsRequest {
  readonly container: PodContainer;
  /** Name of a volume -> where it lies on this machine. */
  readonly places: ReadonlyMap<string, string>;
  readonly variables: Variables;
  /** The container's own folder for what is no volume. */
  readonly temporary: string;
  /** Where what it says at its end is read from. */
  readonly message: string;
}

export interface Mounts {
  /** Path in the container -> path on this machine: COLDSTREAM_MOUNTS. */
  readonly table: Readonly<Record<string, string>>;
  /** Folders that a subPath names, to be made. */
  readonly folders: readonly string[];
}

/** Where a container's paths lie. A volume at /tmp goes before the container's own. */
export function mountsOf({ container, places, variables, temporary, message }: MountsRequest): Mounts {
  const table: Record<string, string> = {
    "/tmp": temporary,
    [container.terminationMessagePath ?? "/dev/termination-log"]: message,
  };
  const folders: string[] = [];
  for (const { name, mountPath, subPath, subPathExpr } of container.volumeMounts ?? []) {
    const place = places.get(name);
    if (place === undefined) continue;
    const below = expand(subPathExpr ?? "", variables) || subPath || "";
    // a normalised absolute path has no way up
    const inside = join(place, join("/", below));
    table[mountPath.replace(/(?<=.)\/+$/, "")] = below === "" ? place : inside;
    if (below !== "") folders.push(inside);
  }
  return { table, folders };
}
