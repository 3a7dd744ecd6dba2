import { chmod, mkdir, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { Failure } from "../../kit/failures.ts";
import { isNoSpace, lackOfRoom } from "../../kit/room.ts";
import type { Environment } from "../environment.ts";

/** Where things lie in the data folder. */
export interface DataFolder {
  readonly path: string;
  /** The store of the API server, its authority and keys. */
  readonly api: string;
  /** Pods and claims. */
  readonly machine: string;
  readonly pushgateway: string;
  /** What Node keeps of programs that pods run; made anew when it is gone. */
  readonly compiled: string;
  readonly kubeconfig: string;
  readonly log: string;
}

/** As the user says, else where such data lies on this system. */
export function dataFolderOf({ variables, home, workingFolder }: Environment, given: string | undefined): DataFolder {
  const xdg = variables["XDG_DATA_HOME"];
  const shared = xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, ".local/share");
  const path = given === undefined ? join(shared, "coldstream") : resolve(workingFolder, given);
  return {
    path,
    api: join(path, "api"),
    machine: join(path, "machine"),
    pushgateway: join(path, "pushgateway"),
    compiled: join(path, "compiled"),
    kubeconfig: join(path, "kubeconfig"),
    log: join(path, "coldstream.log"),
  };
}

/** Less than this and nothing is begun: a start writes some 100 KiB, and a disk that is full soon is no better. */
const neededBytes = 1_048_576;

/**
 * Its owner alone may look into it: keys and Secrets lie there. Throws `configuration-invalid` when it cannot be made or
 * written, `disk-full` when nothing has room there.
 */
export async function makeDataFolder(folder: DataFolder): Promise<void> {
  try {
    await makeFolder(folder.path);
    for (const path of [folder.api, folder.machine, folder.pushgateway]) {
      await makeFolder(path);
      // it may have come out of an archive; the folder around may be somebody's choice
      await chmod(path, 0o700);
    }
  } catch (error) {
    throw unusable(folder, "made", error);
  }
  const lack = lackOfRoom(folder.api, neededBytes);
  if (lack !== undefined) throw unusable(folder, "written", lack);
}

function unusable({ path }: DataFolder, what: "made" | "written", cause: unknown): Failure {
  if (isNoSpace(cause)) return new Failure("disk-full", `the data folder ${path}: no space left`, { cause });
  const hint = "name a folder that you may write to: --data DIR";
  return new Failure("configuration-invalid", `the data folder ${path} cannot be ${what}`, { cause, hint });
}

/** Not by `recursive`: where a file system lets nobody make a folder (/proc), that never ends. */
async function makeFolder(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const parent = dirname(path);
  if (!(await isFolder(parent)) && parent !== path) await makeFolder(parent);
  await mkdir(path, { mode: 0o700 });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
