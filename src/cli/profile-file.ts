import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import { parseDuration } from "../kit/quantities.ts";
import type { Environment } from "./environment.ts";
import { fileSource } from "./nats-settings.ts";
import type { ProfileSettings } from "./profile.ts";

function toMilliseconds(text: string, context: z.RefinementCtx): number {
  try {
    return parseDuration(text);
  } catch (error) {
    context.addIssue(error instanceof Error ? error.message : String(error));
    return z.NEVER;
  }
}

/** A file of settings: the names are those of the options. */
const Profile = z.strictObject({
  server: z.string().optional(),
  context: z.string().optional(),
  creds: z.string().optional(),
  user: z.string().optional(),
  password: z.string().optional(),
  token: z.string().optional(),
  nkey: z.string().optional(),
  tlscert: z.string().optional(),
  tlskey: z.string().optional(),
  tlsca: z.string().optional(),
  tlsfirst: z.boolean().optional(),
  "js-domain": z.string().optional(),
  "js-api-prefix": z.string().optional(),
  "inbox-prefix": z.string().optional(),
  timeout: z.string().transform(toMilliseconds).optional(),
  repo: z.string().optional(),
  "repo-password-file": z.string().optional(),
  "repo-password-command": z.string().optional(),
  staging: z.string().optional(),
  target: z.string().optional(),
  /** Variables for restic: cloud keys and the like. */
  environment: z.record(z.string(), z.string()).optional(),
});
type Profile = z.infer<typeof Profile>;

/** Reads CONFIG/coldstream/NAME.yaml. Throws `configuration-invalid`, naming file and key. */
export async function readProfile(
  name: string,
  { configFolder, home }: Pick<Environment, "configFolder" | "home">,
): Promise<ProfileSettings> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    throw new Failure("usage", `${JSON.stringify(name)} is not the name of a profile`);
  }
  const path = join(configFolder, "coldstream", `${name}.yaml`);
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "there is no such file" : cause.message;
    throw new Failure("configuration-invalid", `reading profile ${path}: ${why}`, {
      hint: "write one, or leave --profile and COLDSTREAM_PROFILE away",
    });
  });
  return toSettings(parseProfile(text, path), { folder: dirname(path), home });
}

function parseProfile(text: string, path: string): Profile {
  let content: unknown;
  try {
    content = parse(text) ?? {};
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split("\n")[0]?.replace(/:$/, "") : String(cause);
    throw new Failure("configuration-invalid", `profile ${path} is no YAML: ${why}`);
  }
  const parsed = Profile.safeParse(content);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: at, message }) => [...at.map(String), message].join(": "));
  throw new Failure("configuration-invalid", `profile ${path}: ${problems.join("; ")}`, {
    hint: `settings have the names of the options: ${Object.keys(Profile.shape).join(", ")}`,
  });
}

interface Places {
  readonly folder: string;
  readonly home: string;
}

function toSettings(profile: Profile, places: Places): ProfileSettings {
  const file = (path: string | undefined) => (path === undefined ? undefined : besideProfile(path, places));
  const source = (path: string | undefined) => fileSource(file(path));
  return {
    nats: {
      server: profile.server,
      context: profile.context,
      creds: source(profile.creds),
      user: profile.user,
      password: profile.password,
      token: profile.token,
      nkey: source(profile.nkey),
      tlscert: source(profile.tlscert),
      tlskey: source(profile.tlskey),
      tlsca: source(profile.tlsca),
      tlsfirst: profile.tlsfirst,
      jsDomain: profile["js-domain"],
      jsApiPrefix: profile["js-api-prefix"],
      inboxPrefix: profile["inbox-prefix"],
      timeout: profile.timeout,
    },
    repository: {
      repo: profile.repo === undefined ? undefined : inHome(profile.repo, places.home),
      passwordFile: file(profile["repo-password-file"]),
      passwordCommand: profile["repo-password-command"],
    },
    staging: file(profile.staging),
    target: profile.target,
    environment: profile.environment ?? {},
  };
}

/** `~/x` is in the home folder; other relative paths are beside the profile. */
function besideProfile(path: string, { folder, home }: Places): string {
  const expanded = inHome(path, home);
  return isAbsolute(expanded) ? expanded : resolve(folder, expanded);
}

function inHome(path: string, home: string): string {
  return path.startsWith("~/") ? join(home, path.slice(2)) : path;
}
