import { text, underHeading, type Values } from "../option.ts";
import { kubeOptions } from "./kube.ts";

/** A restic repository that is named here; names and variables as restic has them. */
export const placeOptions = underHeading("Repository:", {
  repo: text("-r, --repo <address>", "folder or restic address, as s3:..., rest:... (RESTIC_REPOSITORY)", {
    complete: "folder",
  }),
  repoPasswordFile: text("--repo-password-file <file>", "file with its password (RESTIC_PASSWORD_FILE)", {
    complete: "file",
  }),
  repoPasswordCommand: text("--repo-password-command <command>", "prints its password (RESTIC_PASSWORD_COMMAND)"),
  repositoryFile: text("--repository-file <file>", "file with the address", { hidden: true, complete: "file" }),
  passwordFile: text("-p, --password-file <file>", "restic's spelling", { hidden: true, complete: "file" }),
  passwordCommand: text("--password-command <command>", "restic's spelling", { hidden: true }),
  profile: text("--profile <name>", "settings from ~/.config/coldstream/<name>.yaml (COLDSTREAM_PROFILE)"),
});
export type PlaceOptions = Values<typeof placeOptions>;

/** Where the restic repository is: named here, or by an object in a cluster. */
export const repositoryOptions = {
  ...placeOptions,
  ...underHeading("Repository:", {
    fromRepository: text("--from-repository <namespace/name>", "that of a Repository object in a Kubernetes cluster"),
  }),
  ...kubeOptions,
};
export type RepositoryOptions = Values<typeof repositoryOptions>;
