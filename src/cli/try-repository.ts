import { randomBytes } from "node:crypto";
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Failure } from "../kit/failures.ts";
import { readAddress } from "../repository/address.ts";
import type { Environment } from "./environment.ts";
import type { RepositoryPassword, RepositoryPlace, RepositorySettings } from "./repository-settings.ts";

export const tryFolder = "./coldstream-repo";

/** Where `try` keeps what it saves, and how it opens it. Nothing is written before `write`. */
export interface TryPlace {
  readonly place: RepositoryPlace;
  readonly password: RepositoryPassword;
  /** Set when the password is in a file of ours, beside the repository. */
  readonly passwordFile: string | undefined;
  /** Generates the password when there is none yet. */
  readonly write: () => Promise<WrittenPassword>;
}

/** Released without `keep`, a password of this run is taken back when no repository was made with it. */
export interface WrittenPassword extends AsyncDisposable {
  readonly keep: () => void;
}

/**
 * The repository that settings name, else ./coldstream-repo. Without a password in the settings one is generated, into
 * a file beside the repository. What exists and is no repository is refused; existing files are used, not overwritten.
 */
export async function placeForTry(settings: RepositorySettings, environment: Environment): Promise<TryPlace> {
  if (settings.place?.kind === "file") throw new Failure("usage", "try wants the repository as an address: --repo");
  const url = settings.place?.url ?? tryFolder;
  const place: RepositoryPlace = { kind: "url", url };
  const { place: reached } = readAddress(url, environment.variables);
  const isRemote = reached.kind !== "folder";
  const folder = isRemote ? "" : reached.path;
  const state = isRemote ? "unknown" : await folderState(folder);
  if (settings.password !== undefined) {
    return { place, password: settings.password, passwordFile: undefined, write: async () => nothingWritten };
  }
  if (isRemote) {
    throw new Failure("usage", "no password for the repository is given", {
      hint: "set RESTIC_PASSWORD or RESTIC_PASSWORD_FILE; one is generated only for a repository in a folder",
    });
  }
  const passwordFile = `${url.replace(/\/+$/, "")}.password`;
  const path = resolve(environment.workingFolder, passwordFile);
  const hasPassword = await isFile(path);
  if (state === "repository" && !hasPassword) {
    throw new Failure("credentials-unreadable", `the repository ${folder} is there, but no password in ${path}`, {
      hint: "give its password with RESTIC_PASSWORD or --repo-password-file, or name another folder with --repo",
    });
  }
  const write = async () => (hasPassword ? nothingWritten : await writePassword(path, folder));
  return { place, password: { kind: "file", path }, passwordFile, write };
}

const nothingWritten: WrittenPassword = { keep: () => {}, async [Symbol.asyncDispose]() {} };

async function writePassword(path: string, folder: string): Promise<WrittenPassword> {
  await writeFile(path, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  let isKept = false;
  return {
    keep: () => {
      isKept = true;
    },
    async [Symbol.asyncDispose]() {
      if (!isKept && (await folderState(folder)) === "free") await rm(path, { force: true });
    },
  };
}

async function folderState(folder: string): Promise<"free" | "repository"> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [] as string[];
    throw refused(error.code === "ENOTDIR" ? `${folder} is a file` : `${folder} cannot be read: ${error.message}`);
  });
  if (entries.includes("config") || entries.includes("keys")) return "repository";
  if (entries.length === 0) return "free";
  throw refused(`the folder ${folder} is not empty, and no repository`);
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw refused(`${path} cannot be read: ${error.message}`);
  });
  if (found === undefined || found.isFile()) return found !== undefined;
  throw refused(`${path} is there, and no file`);
}

function refused(message: string): Failure {
  return new Failure("plan-refused", message, { hint: "nothing was touched; name another folder with --repo" });
}
