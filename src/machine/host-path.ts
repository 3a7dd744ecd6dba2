import { mkdir, stat, writeFile } from "node:fs/promises";

export interface HostPath {
  readonly path: string;
  /** As in the volume; empty: no check. */
  readonly type: string;
}

/** Makes what the type says is to be made. What is wrong with it, or undefined. */
export async function prepareHostPath({ path, type }: HostPath): Promise<string | undefined> {
  const wrong = await problemOf(path, type);
  return wrong === undefined ? undefined : `hostPath type check failed: ${path} ${wrong}`;
}

async function problemOf(path: string, type: string): Promise<string | undefined> {
  switch (type) {
    case "":
      // a file there is as good where nobody asked for a folder
      return await attempt(() => mkdir(path, { recursive: true }), "EEXIST");
    case "DirectoryOrCreate":
      return await attempt(() => mkdir(path, { recursive: true }));
    case "FileOrCreate":
      return await attempt(() => writeFile(path, "", { flag: "a" }));
    default: {
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) return "is not there";
      if (type === "Directory" && !found.isDirectory()) return "is not a directory";
      return type === "File" && !found.isFile() ? "is not a file" : undefined;
    }
  }
}

async function attempt(make: () => Promise<unknown>, ...allowed: readonly string[]): Promise<string | undefined> {
  try {
    await make();
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return allowed.includes(code) ? undefined : `cannot be made (${code})`;
  }
}
