import { Failure } from "../kit/failures.ts";
import type { Environment } from "./environment.ts";
import type { PlaceOptions, RepositoryOptions } from "./options/repository.ts";

/** What one source (options, variables, profile) says about the repository. */
export interface RepositoryLayer {
  readonly repo?: string | undefined;
  readonly repositoryFile?: string | undefined;
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly passwordCommand?: string | undefined;
}

export type RepositoryPassword =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "command"; readonly command: string };

export type RepositoryPlace =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "file"; readonly path: string };

export interface RepositorySettings {
  readonly place: RepositoryPlace | undefined;
  readonly password: RepositoryPassword | undefined;
}

/** The Repository object that --from-repository names: it says all, so nothing else may be said. Throws `usage`. */
export function repositoryObject(
  options: RepositoryOptions,
): { readonly namespace: string; readonly name: string } | undefined {
  const { fromRepository, kubeconfig, kubeContext } = options;
  if (fromRepository === undefined) {
    if (kubeconfig === undefined && kubeContext === undefined) return undefined;
    const option = kubeconfig === undefined ? "--kube-context" : "--kubeconfig";
    throw new Failure("usage", `${option} goes with --from-repository`);
  }
  const other = others.find(([field]) => options[field] !== undefined);
  if (other !== undefined) throw new Failure("usage", `--from-repository and ${other[1]} exclude each other`);
  const [, namespace = "", name = ""] = /^([^/\s]+)\/([^/\s]+)$/.exec(fromRepository) ?? [];
  if (name !== "") return { namespace, name };
  throw new Failure("usage", `--from-repository: ${JSON.stringify(fromRepository)} does not look like NAMESPACE/NAME`);
}

const others = [
  ["repo", "--repo"],
  ["repositoryFile", "--repository-file"],
  ["repoPasswordFile", "--repo-password-file"],
  ["passwordFile", "--password-file"],
  ["repoPasswordCommand", "--repo-password-command"],
  ["passwordCommand", "--password-command"],
] as const;

/** Our spelling and restic's mean the same; both at once must agree. */
export function repositoryLayerOfOptions(options: PlaceOptions): RepositoryLayer {
  const { repo, repositoryFile } = options;
  return {
    repo,
    repositoryFile,
    passwordFile: oneSpelling(options.repoPasswordFile, options.passwordFile, "password-file"),
    passwordCommand: oneSpelling(options.repoPasswordCommand, options.passwordCommand, "password-command"),
  };
}

export function repositoryLayerOfVariables({ variables }: Pick<Environment, "variables">): RepositoryLayer {
  const passwordFile = variables["RESTIC_PASSWORD_FILE"];
  const passwordCommand = variables["RESTIC_PASSWORD_COMMAND"];
  return {
    repo: variables["RESTIC_REPOSITORY"],
    repositoryFile: variables["RESTIC_REPOSITORY_FILE"],
    // as in restic: RESTIC_PASSWORD counts when neither of the others is set
    password: passwordFile === undefined && passwordCommand === undefined ? variables["RESTIC_PASSWORD"] : undefined,
    passwordFile,
    passwordCommand,
  };
}

/** Options before variables before profile; place and password each come whole from one source. */
export function resolveRepository(layers: readonly RepositoryLayer[]): RepositorySettings {
  return {
    place: layers.map(placeOf).find((place) => place !== undefined),
    password: layers.map(passwordOf).find((password) => password !== undefined),
  };
}

function placeOf({ repo, repositoryFile }: RepositoryLayer): RepositoryPlace | undefined {
  if (repo !== undefined && repositoryFile !== undefined) {
    throw new Failure("usage", "the repository is named twice: as an address and in a file");
  }
  if (repo !== undefined) return { kind: "url", url: repo };
  return repositoryFile === undefined ? undefined : { kind: "file", path: repositoryFile };
}

function passwordOf({ password, passwordFile, passwordCommand }: RepositoryLayer): RepositoryPassword | undefined {
  if (passwordFile !== undefined && passwordCommand !== undefined) {
    throw new Failure("usage", "the repository's password is given twice: as a file and as a command");
  }
  if (passwordFile !== undefined) return { kind: "file", path: passwordFile };
  if (passwordCommand !== undefined) return { kind: "command", command: passwordCommand };
  return password === undefined ? undefined : { kind: "text", text: password };
}

function oneSpelling(ours: string | undefined, restics: string | undefined, name: string): string | undefined {
  if (ours !== undefined && restics !== undefined && ours !== restics) {
    throw new Failure("usage", `--repo-${name} and --${name} name different things`);
  }
  return ours ?? restics;
}
