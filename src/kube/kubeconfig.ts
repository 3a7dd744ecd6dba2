import { delimiter, isAbsolute, join } from "node:path";
import { Failure } from "../kit/failures.ts";
import { execCredentials } from "./exec-credential.ts";
import {
  type ClusterEntry,
  type ContextEntry,
  type MergedKubeconfig,
  merge,
  type Placed,
  readFiles,
  type UserEntry,
} from "./kubeconfig-file.ts";
import { type RotatingFile, rotatingFile } from "./rotating-file.ts";
import type { ClusterSettings } from "./settings.ts";

export interface KubeconfigOptions {
  /** One file (--kubeconfig), or several that are merged (KUBECONFIG). */
  readonly path?: string;
  readonly paths?: readonly string[];
  /** Its content instead; relative paths count from `folder`. */
  readonly text?: string;
  readonly folder?: string;
  /** Instead of the current one. */
  readonly context?: string | undefined;
  /** The environment of programs that give credentials; without PATH they are not found. */
  readonly env?: Readonly<Record<string, string>>;
}

export type KubeconfigSettings = ClusterSettings & {
  /** The context's; `default` when it names none. */
  readonly namespace: string;
  readonly context: string;
};

/** The files that kubectl would read: those of the variable KUBECONFIG, else `~/.kube/config`. */
export function kubeconfigPaths(from: {
  readonly variable: string | undefined;
  readonly home: string;
}): readonly string[] {
  const named = (from.variable ?? "").split(delimiter).filter((path) => path !== "");
  return named.length > 0 ? named : [join(from.home, ".kube/config")];
}

/** Throws `configuration-invalid` or `credentials-unreadable`; no message holds a token or key. */
export function readKubeconfig(options: KubeconfigOptions): KubeconfigSettings {
  const { path, paths, text, folder = ".", env = {} } = options;
  const files = text === undefined ? readFiles(paths ?? [path ?? ""]) : [{ text, name: "given", folder }];
  const merged = merge(files);
  const { name, context } = contextOf(merged, options.context);
  const cluster = merged.clusters.get(context.cluster);
  if (cluster === undefined)
    throw wrong(`the context ${name} names the cluster ${context.cluster}, which is not there`);
  return {
    ...placeOf(cluster, context.cluster),
    ...identityOf(userOf(merged, name, context), { env, cluster }),
    namespace: context.namespace || "default",
    context: name,
  };
}

function contextOf(merged: MergedKubeconfig, asked: string | undefined): { name: string; context: ContextEntry } {
  const name = asked ?? merged.currentContext;
  const known = [...merged.contexts.keys()];
  const hint = known.length === 0 ? "it has no contexts" : `its contexts are ${known.join(", ")}`;
  if (name === undefined) throw wrong("the kubeconfig has no current context", hint);
  const context = merged.contexts.get(name);
  if (context === undefined) throw wrong(`the kubeconfig has no context ${name}`, hint);
  return { name, context };
}

function userOf(merged: MergedKubeconfig, context: string, { user }: ContextEntry): Placed<UserEntry> {
  if (!user) return { entry: {}, folder: "." };
  const found = merged.users.get(user);
  if (found === undefined) throw wrong(`the context ${context} names the user ${user}, which is not there`);
  return found;
}

function placeOf({ entry, folder }: Placed<ClusterEntry>, name: string): ClusterSettings {
  const { server } = entry;
  if (!server || !URL.canParse(server) || !/^https?:/.test(server)) {
    throw wrong(`the cluster ${name} of the kubeconfig has no server such as https://host:6443`);
  }
  if (entry["proxy-url"]) throw wrong(`the cluster ${name} of the kubeconfig wants a proxy, which is not supported`);
  const ca = pemOf(entry["certificate-authority-data"], entry["certificate-authority"], {
    folder,
    what: `the CA of the cluster ${name}`,
  });
  return {
    server,
    ...(ca === undefined ? {} : { ca: ca.read }),
    ...(entry["tls-server-name"] ? { serverName: entry["tls-server-name"] } : {}),
    ...(entry["insecure-skip-tls-verify"] === true ? { insecure: true } : {}),
  };
}

type Identity = Pick<ClusterSettings, "token" | "clientCertificate" | "basic" | "renew">;

interface IdentityContext {
  readonly env: Readonly<Record<string, string>>;
  readonly cluster: Placed<ClusterEntry>;
}

function identityOf(user: Placed<UserEntry>, context: IdentityContext): Identity {
  const { entry } = user;
  if (entry["auth-provider"]) {
    throw wrong(
      `the kubeconfig uses the auth-provider ${entry["auth-provider"].name}, which Kubernetes took away in 1.26`,
    );
  }
  if (entry.as) throw wrong("the kubeconfig asks to act as another user, which is not supported");
  const certificate = certificateOf(user);
  const own = { ...(certificate === undefined ? {} : { clientCertificate: certificate }), ...tokenOf(user) };
  // as in kubectl, what is written down goes before what a program gives
  if (Object.keys(own).length > 0 || !entry.exec) return own;
  const given = execCredentials(
    { entry: entry.exec, folder: user.folder },
    { env: context.env, cluster: told(context) },
  );
  return { token: given.token, clientCertificate: given.certificate, renew: given.renew };
}

function tokenOf({ entry, folder }: Placed<UserEntry>): Identity {
  if (entry.tokenFile) {
    const file = rotatingFile(at(folder, entry.tokenFile), "the user's token");
    return { token: file.read, renew: file.renew };
  }
  if (entry.token) return { token: entry.token };
  return entry.username ? { basic: { user: entry.username, password: entry.password ?? "" } } : {};
}

function certificateOf({ entry, folder }: Placed<UserEntry>): ClusterSettings["clientCertificate"] {
  const cert = pemOf(entry["client-certificate-data"], entry["client-certificate"], {
    folder,
    what: "the client certificate",
  });
  const key = pemOf(entry["client-key-data"], entry["client-key"], { folder, what: "the client certificate's key" });
  return cert === undefined || key === undefined ? undefined : () => ({ cert: cert.read(), key: key.read() });
}

function pemOf(
  base64: string | null | undefined,
  file: string | null | undefined,
  { folder, what }: { readonly folder: string; readonly what: string },
): Pick<RotatingFile, "read"> | undefined {
  if (base64) {
    const pem = Buffer.from(base64, "base64").toString("utf8");
    return { read: () => pem };
  }
  return file ? rotatingFile(at(folder, file), what) : undefined;
}

function told({ cluster: { entry } }: IdentityContext): Readonly<Record<string, unknown>> {
  const { server, "tls-server-name": name, "certificate-authority-data": ca } = entry;
  return {
    server,
    ...(name ? { "tls-server-name": name } : {}),
    ...(ca ? { "certificate-authority-data": ca } : {}),
    ...(entry["insecure-skip-tls-verify"] === true ? { "insecure-skip-tls-verify": true } : {}),
  };
}

function at(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

function wrong(message: string, hint?: string): Failure {
  return new Failure("configuration-invalid", message, hint === undefined ? {} : { hint });
}
