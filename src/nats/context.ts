import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Failure } from "../kit/failures.ts";
import type { ConnectOptions } from "./connection.ts";
import type { Credentials } from "./credentials.ts";
import type { TlsOptions } from "./tls.ts";

/** One of the nats CLI's saved connections, with the files it names read. */
export interface NatsContext {
  readonly name: string;
  readonly connection: ConnectOptions;
  readonly domain: string | undefined;
  readonly apiPrefix: string | undefined;
}

export interface ContextFolders {
  /** `$XDG_CONFIG_HOME`, when set. */
  readonly configHome?: string | undefined;
  /** `$HOME`: for `~` in paths, and for `~/.config`. */
  readonly home: string;
}

/** What `nats context add` writes (jsm.go natscontext). Everything may be missing or empty. */
const ContextFile = z.object({
  url: z.string().default(""),
  user: z.string().default(""),
  password: z.string().default(""),
  token: z.string().default(""),
  creds: z.string().default(""),
  nkey: z.string().default(""),
  cert: z.string().default(""),
  key: z.string().default(""),
  ca: z.string().default(""),
  jetstream_domain: z.string().default(""),
  jetstream_api_prefix: z.string().default(""),
  inbox_prefix: z.string().default(""),
  tls_first: z.boolean().default(false),
});
type ContextFile = z.infer<typeof ContextFile>;

const defaultUrl = "nats://127.0.0.1:4222";

/**
 * The context called `name`, or the selected one; undefined when none is selected. Failures: usage (no such context),
 * configuration-invalid (not a context), credentials-unreadable (a file it names).
 */
export async function readContext(name: string | undefined, folders: ContextFolders): Promise<NatsContext | undefined> {
  const folder = join(folders.configHome ?? join(folders.home, ".config"), "nats");
  const wanted = name ?? (await readSelected(folder));
  if (wanted === undefined) return undefined;
  const context = parseContext(wanted, await readContextText(folder, wanted));
  const read = (path: string) => readNamed(wanted, path, folders.home);
  const tls = await tlsOf(context, read);
  return {
    name: wanted,
    domain: context.jetstream_domain || undefined,
    apiPrefix: context.jetstream_api_prefix || undefined,
    connection: {
      servers: [context.url || defaultUrl],
      credentials: await credentialsIn(context, read),
      ...(tls === undefined ? {} : { tls }),
      ...(context.inbox_prefix === "" ? {} : { inboxPrefix: context.inbox_prefix }),
    },
  };
}

async function readSelected(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, "context.txt"), "utf8").catch(() => "");
  return text.trim() || undefined;
}

async function readContextText(folder: string, name: string): Promise<string> {
  if (name === "" || /[/\\]|\.\./.test(name)) throw new Failure("usage", `"${name}" cannot be the name of a context`);
  try {
    return await readFile(join(folder, "context", `${name}.json`), "utf8");
  } catch (cause) {
    const files = await readdir(join(folder, "context")).catch(() => []);
    const names = files.filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -".json".length));
    const hint = names.length === 0 ? "there are no contexts; see: nats context add" : `there are: ${names.join(", ")}`;
    throw new Failure("usage", `there is no NATS context "${name}"`, { cause, hint });
  }
}

function parseContext(name: string, text: string): ContextFile {
  try {
    return ContextFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new Failure("configuration-invalid", `the file of NATS context "${name}" is not one`, { cause });
  }
}

type Read = (path: string) => Promise<string>;

/** The order of the nats CLI. `nsc` needs the nsc program and is left alone. */
async function credentialsIn(context: ContextFile, read: Read): Promise<Credentials> {
  const { user, password, creds, nkey, token } = context;
  if (user !== "") return { kind: "user", user, password };
  if (creds !== "") return { kind: "creds", text: await read(creds) };
  if (nkey !== "") return { kind: "nkey", seed: await read(nkey) };
  return token === "" ? { kind: "none" } : { kind: "token", token };
}

async function tlsOf({ cert, key, ca, tls_first }: ContextFile, read: Read): Promise<TlsOptions | undefined> {
  if (cert === "" && key === "" && ca === "" && !tls_first) return undefined;
  return {
    ...(cert === "" ? {} : { cert: await read(cert) }),
    ...(key === "" ? {} : { key: await read(key) }),
    ...(ca === "" ? {} : { ca: await read(ca) }),
    ...(tls_first ? { handshakeFirst: true } : {}),
  };
}

async function readNamed(context: string, path: string, home: string): Promise<string> {
  const full = path.startsWith("~/") ? join(home, path.slice(2)) : path;
  try {
    return await readFile(full, "utf8");
  } catch (cause) {
    throw new Failure("credentials-unreadable", `NATS context "${context}" names ${full}, which cannot be read`, {
      cause,
    });
  }
}
