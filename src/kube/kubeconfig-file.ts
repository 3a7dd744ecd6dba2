import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { Failure } from "../kit/failures.ts";

const text = z.string().nullish();

const ClusterEntry = z.looseObject({
  server: text,
  "certificate-authority": text,
  "certificate-authority-data": text,
  "tls-server-name": text,
  "insecure-skip-tls-verify": z.boolean().nullish(),
  "proxy-url": text,
});
export type ClusterEntry = z.infer<typeof ClusterEntry>;

const ExecEntry = z.looseObject({
  apiVersion: z.string(),
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  installHint: text,
  provideClusterInfo: z.boolean().nullish(),
  interactiveMode: text,
});
export type ExecEntry = z.infer<typeof ExecEntry>;

const UserEntry = z.looseObject({
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  as: text,
  exec: ExecEntry.nullish(),
  "auth-provider": z.looseObject({ name: text }).nullish(),
});
export type UserEntry = z.infer<typeof UserEntry>;

const ContextEntry = z.looseObject({ cluster: z.string(), user: text, namespace: text });
export type ContextEntry = z.infer<typeof ContextEntry>;

const Kubeconfig = z.looseObject({
  "current-context": text,
  clusters: z.array(z.looseObject({ name: z.string(), cluster: ClusterEntry.nullish() })).nullish(),
  users: z.array(z.looseObject({ name: z.string(), user: UserEntry.nullish() })).nullish(),
  contexts: z.array(z.looseObject({ name: z.string(), context: ContextEntry.nullish() })).nullish(),
});

/** An entry, and the folder that its relative paths count from. */
export interface Placed<T> {
  readonly entry: T;
  readonly folder: string;
}

/** All files of a KUBECONFIG as one: of each entry, and of the current context, the first file that has it counts. */
export interface MergedKubeconfig {
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, Placed<ClusterEntry>>;
  readonly users: ReadonlyMap<string, Placed<UserEntry>>;
  readonly contexts: ReadonlyMap<string, ContextEntry>;
}

export interface KubeconfigText {
  readonly text: string;
  /** For messages. */
  readonly name: string;
  readonly folder: string;
}

/** As kubectl does, a file of a list may be missing. Throws `configuration-invalid` when none is there. */
export function readFiles(paths: readonly string[]): readonly KubeconfigText[] {
  const found = paths.filter((path) => path !== "").flatMap(readFile);
  if (found.length > 0) return found;
  throw new Failure("configuration-invalid", `there is no kubeconfig at ${paths.join(", ")}`, {
    hint: "name one with --kubeconfig or KUBECONFIG",
  });
}

export function merge(files: readonly KubeconfigText[]): MergedKubeconfig {
  const clusters = new Map<string, Placed<ClusterEntry>>();
  const users = new Map<string, Placed<UserEntry>>();
  const contexts = new Map<string, ContextEntry>();
  let currentContext: string | undefined;
  for (const file of files) {
    const config = parseFile(file);
    const { folder } = file;
    currentContext ??= config["current-context"] || undefined;
    for (const { name, cluster } of config.clusters ?? [])
      addNew(clusters, name, cluster && { entry: cluster, folder });
    for (const { name, user } of config.users ?? []) addNew(users, name, user && { entry: user, folder });
    for (const { name, context } of config.contexts ?? []) addNew(contexts, name, context);
  }
  return { currentContext, clusters, users, contexts };
}

function addNew<T>(map: Map<string, T>, name: string, value: T | null | undefined): void {
  if (value !== null && value !== undefined && !map.has(name)) map.set(name, value);
}

function readFile(path: string): readonly KubeconfigText[] {
  try {
    return [{ text: readFileSync(path, "utf8"), name: path, folder: dirname(resolve(path)) }];
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
    throw new Failure("credentials-unreadable", `reading the kubeconfig ${path}`, { cause });
  }
}

function parseFile({ text, name }: KubeconfigText): z.infer<typeof Kubeconfig> {
  const result = Kubeconfig.safeParse(parseYaml(text, name) ?? {});
  if (result.success) return result.data;
  // never the value: it may be a token
  const [issue] = result.error.issues;
  const where = issue?.path.join(".") ?? "";
  throw new Failure("configuration-invalid", `reading the kubeconfig ${name}: ${where} is not as it must be`);
}

function parseYaml(text: string, name: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    // YAML's message shows the line, and a token may be in it
    const line = /at line (\d+)/.exec(String(error))?.[1];
    throw new Failure("configuration-invalid", `reading the kubeconfig ${name}: no YAML, line ${line ?? "unknown"}`);
  }
}
