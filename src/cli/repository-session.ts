import { resolve } from "node:path";
import { Failure } from "../kit/failures.ts";
import { openRepository, type Repository } from "../repository/restic.ts";
import type { CommandContext } from "./command.ts";
import type { Environment } from "./environment.ts";
import type { NamedRepository } from "./from-repository.ts";
import type { PlaceOptions, RepositoryOptions } from "./options/repository.ts";
import { readPasswordFrom } from "./password-command.ts";
import type { ProfileSettings } from "./profile.ts";
import {
  type RepositoryPassword,
  type RepositoryPlace,
  type RepositorySettings,
  repositoryLayerOfOptions,
  repositoryLayerOfVariables,
  repositoryObject,
  resolveRepository,
} from "./repository-settings.ts";
import { readNamedFile } from "./secret-file.ts";

/** What options, variables and profile say about the repository; `try` fills in what is missing. */
export function repositorySettings(
  { environment }: CommandContext,
  options: PlaceOptions,
  profile: ProfileSettings,
): RepositorySettings {
  return resolveRepository([
    repositoryLayerOfOptions(options),
    repositoryLayerOfVariables(environment),
    profile.repository,
  ]);
}

/** The repository that options, variables or profile name. Nothing is contacted yet, but for an object in a cluster. */
export async function openNamedRepository(
  command: CommandContext,
  options: RepositoryOptions,
  profile: ProfileSettings,
): Promise<NamedRepository> {
  const object = repositoryObject(options);
  if (object !== undefined) {
    // few runs need a Kubernetes client
    const { openFromRepository } = await import("./from-repository.ts");
    return await openFromRepository(command, object, options);
  }
  const { place, password } = repositorySettings(command, options, profile);
  if (place === undefined) {
    throw new Failure("usage", "no repository is named", { hint: "name it with --repo, or set RESTIC_REPOSITORY" });
  }
  const repository = await openPlace(command, { place, password, profile });
  return { ...repository, [Symbol.asyncDispose]: async () => {} };
}

export async function openPlace(
  { environment, signal }: CommandContext,
  {
    place,
    password,
    profile,
  }: {
    readonly place: RepositoryPlace;
    readonly password: RepositoryPassword | undefined;
    readonly profile: ProfileSettings;
  },
): Promise<Repository> {
  if (password === undefined) {
    throw new Failure("usage", "no password for the repository is given", {
      hint: "set RESTIC_PASSWORD or RESTIC_PASSWORD_FILE, or name a file with --repo-password-file",
    });
  }
  const url =
    place.kind === "url" ? place.url : (await readNamedFile(place.path, "repository file")).split("\n", 1)[0]?.trim();
  return openRepository({
    url: url ?? "",
    password: await checkedPassword(password, environment, signal),
    baseEnv: { ...profile.environment, ...environment.variables },
  });
}

/** What is wrong with a file or command is told before restic is run; neither depends on restic's working folder. */
async function checkedPassword(
  password: RepositoryPassword,
  environment: Environment,
  signal: AbortSignal,
): Promise<RepositoryPassword> {
  switch (password.kind) {
    case "text":
      return password;
    case "command":
      return { kind: "text", text: await readPasswordFrom(password.command, environment, signal) };
    case "file": {
      const path = resolve(environment.workingFolder, password.path);
      await readNamedFile(path, "repository's password file");
      return { kind: "file", path };
    }
    default:
      throw new Error(`unknown password ${password satisfies never}`);
  }
}
