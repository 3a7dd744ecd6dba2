import { homedir, tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";

/** What the command line takes from around it. Read once, here; everything else is given it. */
export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** XDG_CONFIG_HOME or ~/.config. */
  readonly configFolder: string;
  readonly temporaryFolder: string;
  readonly workingFolder: string;
}

export function readEnvironment(): Environment {
  return environmentOf({ ...process.env }, process.cwd());
}

/** An empty variable counts as absent, as for restic and the nats CLI. */
export function environmentOf(
  variables: Readonly<Record<string, string | undefined>>,
  workingFolder: string,
): Environment {
  const given = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ""),
  );
  const home = given["HOME"] ?? homedir();
  const xdg = given["XDG_CONFIG_HOME"];
  return {
    variables: given,
    home,
    configFolder: xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, ".config"),
    temporaryFolder: given["TMPDIR"] ?? tmpdir(),
    workingFolder,
  };
}
