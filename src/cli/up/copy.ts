import { constants, type Dirent } from "node:fs";
import { copyFile, mkdir, open, readdir, readlink, rename, rm, stat, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { Failure } from "../../kit/failures.ts";
import { copyStore } from "../../local/store.ts";
import type { DataFolder } from "./data-folder.ts";

/** Files of the API server besides its store; they are written once. */
const identity = ["authority.json", "admin-token", "token-key"];

/**
 * A data folder that `up` can be started with, from one that may be in use: all objects as they were at one moment after the
 * call, the keys, the claims and figures as they are. Not the pods: those that ran count as lost. All of it or nothing.
 */
export async function copyDataFolder(folder: DataFolder, to: string, { signal }: { readonly signal: AbortSignal }) {
  await refusePlace(to, folder);
  const part = `${to}.part`;
  await rm(part, { recursive: true, force: true });
  try {
    await mkdir(join(part, "api"), { recursive: true, mode: 0o700 });
    // first the keys: without them there is no folder of ours
    for (const name of identity) await copyIdentity(folder, name, join(part, "api"));
    copyStore({ file: join(folder.api, "store.db"), to: join(part, "api/store.db") });
    await copyTree(join(folder.machine, "claims"), join(part, "machine/claims"), signal);
    await copyTree(folder.pushgateway, join(part, "pushgateway"), signal);
    await rm(join(part, "pushgateway/pid"), { force: true });
    await synced(join(part, "api/store.db"));
    await rename(part, to);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  }
}

async function refusePlace(to: string, { path }: DataFolder): Promise<void> {
  if (`${to}/`.startsWith(`${path}/`)) {
    const hint = "name a folder elsewhere, best on another disk";
    throw new Failure("configuration-invalid", `${to} lies in the data folder itself`, { hint });
  }
  const there = await stat(to).catch(() => undefined);
  if (there === undefined) return;
  throw new Failure("object-exists", `${to} is there already`, { hint: "name a folder that is not there yet" });
}

async function copyIdentity({ api, path }: DataFolder, name: string, to: string): Promise<void> {
  await copyFile(join(api, name), join(to, name)).catch((error: unknown) => {
    if (!isGone(error)) throw error;
    const hint = "name the folder that coldstream up uses: --data DIR";
    throw new Failure("configuration-invalid", `${path} is no data folder of coldstream's`, { hint });
  });
}

/** What goes away meanwhile is left out: that is how a volume looks while somebody writes to it. */
async function copyTree(from: string, to: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const entries = await readdir(from, { withFileTypes: true }).catch(unlessGone);
  if (entries === undefined) return;
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const entry of entries) await copyEntry(entry, { from, to, signal });
}

interface Way {
  readonly from: string;
  readonly to: string;
  readonly signal: AbortSignal;
}

async function copyEntry(entry: Dirent, { from, to, signal }: Way): Promise<void> {
  const [source, target] = [join(from, entry.name), join(to, basename(entry.name))];
  if (entry.isDirectory()) await copyTree(source, target, signal);
  else if (entry.isSymbolicLink()) {
    const meant = await readlink(source).catch(unlessGone);
    if (meant !== undefined) await symlink(meant, target);
  } else if (entry.isFile()) await copyFile(source, target, constants.COPYFILE_FICLONE).catch(unlessGone);
}

async function synced(path: string): Promise<void> {
  await using file = await open(path, "r+");
  await file.sync();
}

function unlessGone(error: unknown): undefined {
  if (!isGone(error)) throw error;
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
