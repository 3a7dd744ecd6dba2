import type { CommandContext } from "./command.ts";
import type { NatsLayer } from "./nats-settings.ts";
import type { RepositoryLayer } from "./repository-settings.ts";

/** What a profile (profile-file.ts) says. */
export interface ProfileSettings {
  readonly nats: NatsLayer;
  readonly repository: RepositoryLayer;
  readonly staging: string | undefined;
  readonly target: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

export const noProfile: ProfileSettings = {
  nats: {},
  repository: {},
  staging: undefined,
  target: undefined,
  environment: {},
};

/** The profile that --profile or COLDSTREAM_PROFILE names, else one that says nothing. */
export async function loadProfile(
  { environment, printer }: Pick<CommandContext, "environment" | "printer">,
  options: { readonly profile: string | undefined },
): Promise<ProfileSettings> {
  const name = options.profile ?? environment.variables["COLDSTREAM_PROFILE"];
  if (name === undefined) return noProfile;
  printer.detail(`profile: ${name}`);
  // most runs have no profile, and need no YAML
  const { readProfile } = await import("./profile-file.ts");
  return await readProfile(name, environment);
}
