import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

export interface WholeFileOptions {
  /** 0o600 unless given, whatever the umask. */
  readonly mode?: number;
  /** It has to outlast a loss of power. */
  readonly flush?: boolean;
}

/** Puts a file where there may be one already; its folder is made. A reader sees the old file or the new one. */
export async function writeWhole(
  path: string,
  content: Uint8Array | string,
  { mode = 0o600, flush = false }: WholeFileOptions = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.part`;
  try {
    await writeFile(part, content, { mode: 0o600, flush });
    await chmod(part, mode);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
