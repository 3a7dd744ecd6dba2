import { createHash } from "node:crypto";

/**
 * The folder of a stream or consumer in a snapshot: `<prefix>-<hash>`. The prefix is for people (the safe characters
 * of the name), the hash of the whole name tells apart what the prefix cannot: case, `[`, `?`, control characters.
 * At most 49 characters.
 */
export function folderName(name: string): string {
  const prefix = name.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 32);
  return `${prefix}-${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
}
