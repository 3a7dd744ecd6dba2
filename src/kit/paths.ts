/** Where the paths of a container lie on this machine. */
export interface Paths {
  /**
   * A path as the container's own documents and flags say it -> where it lies. Itself where nothing else is known, and
   * where it has been resolved already.
   */
  resolve(path: string): string;
}

/**
 * `mounts`: path in the container -> file or folder on this machine (the pod runner's COLDSTREAM_MOUNTS; empty in a real
 * container). The longest mount that holds a path decides. Relative paths are nobody's.
 */
export function openPaths(mounts: Readonly<Record<string, string>>): Paths {
  const table = Object.entries(mounts)
    .map(([path, place]) => [normal(path), place] as const)
    .toSorted(([a], [b]) => b.length - a.length);
  const places = table.map(([, place]) => normal(place));
  return {
    resolve(path) {
      if (!path.startsWith("/")) return path;
      const asked = normal(path);
      if (places.some((place) => isAtOrBelow(asked, place))) return path;
      const found = table.find(([mount]) => isAtOrBelow(asked, mount));
      if (found === undefined) return path;
      const [mount, place] = found;
      const rest = mount === "/" ? asked : asked.slice(mount.length);
      return rest === "" || rest === "/" ? place : `${place.replace(/\/+$/, "")}${rest}`;
    },
  };
}

function isAtOrBelow(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}

/** `/a//b/./c/../` -> `/a/b`. A path never gets above its mount by `..` unseen. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
