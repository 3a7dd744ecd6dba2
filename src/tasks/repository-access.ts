import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Backend, Provider } from "../api/backend.ts";
import { providersOf } from "../api/backend.ts";
import type { Repository as RepositoryObject } from "../api/repository.ts";
import { Failure } from "../kit/failures.ts";
import { bracketed, unbracketed } from "../kit/hosts.ts";
import { type Key, keyText, resourceOf } from "../kube/resource.ts";
import { type BackendSpec, backendAddress, type RepositoryAddress } from "../repository/backend.ts";
import { openRepository, type Repository } from "../repository/restic.ts";
import type { SecretData } from "./connection.ts";
import { required, type TaskContext } from "./context.ts";
import { readSecret } from "./secret.ts";

/** A Repository object and the restic repository that it names. */
export interface RepositoryAccess extends AsyncDisposable {
  readonly key: Key & { readonly namespace: string };
  readonly object: RepositoryObject;
  readonly provider: Provider;
  readonly restic: Repository;
  readonly address: RepositoryAddress;
  readonly secret: SecretData;
}

export interface AccessRequest {
  /** `NAMESPACE/NAME`. */
  readonly repository: string;
  readonly scratchDir: string;
  readonly enableCache: boolean;
}

/**
 * Reads a Repository and its Secret. Nothing is contacted yet. Certificates and key files, which restic wants as files,
 * lie in a folder of their own that nobody else may look into, until this is disposed of.
 */
export async function openAccess(context: TaskContext, request: AccessRequest): Promise<RepositoryAccess> {
  const key = repositoryKey(request.repository);
  const object = await required(context, resourceOf("Repository"), key);
  const { backend } = object.spec;
  const [provider] = providersOf(backend);
  if (backend === undefined || provider === undefined) {
    throw new Failure("configuration-invalid", `Repository ${keyText(key)} has no backend`, {
      hint: "set one of local, s3, gcs, azure, swift, b2 and rest in spec.backend",
    });
  }
  const secret = await storageSecret(context, key, backend);
  const scratch = await scratchFolder(context, request.scratchDir);
  const folder = mkdtempSync(join(scratch, "keys-"));
  try {
    const address = backendAddress(backendHere(backend, context), secret, filesIn(folder));
    const restic = openRepository({
      ...address,
      options: [...address.options, ...(request.enableCache ? [] : ["--no-cache"])],
      ...(request.enableCache ? { cacheDirectory: join(scratch, "restic-cache") } : {}),
      baseEnv: { ...context.environment.variables, TMPDIR: scratch },
    });
    const dispose = () => rm(folder, { recursive: true, force: true });
    return { key, object, provider, restic, address, secret, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

export function repositoryKey(text: string): Key & { readonly namespace: string } {
  const [namespace = "", name = "", more] = text.split("/");
  if (namespace !== "" && name !== "" && more === undefined) return { namespace, name };
  throw new Failure("usage", `--repository must be NAMESPACE/NAME, not ${JSON.stringify(text)}`);
}

async function storageSecret(context: TaskContext, { namespace, name }: Key, backend: Backend): Promise<SecretData> {
  const secret = backend.storageSecretName;
  if (secret === undefined || secret === "") {
    throw new Failure("configuration-invalid", `Repository ${namespace}/${name} names no Secret`, {
      hint: "set spec.backend.storageSecretName: the Secret holds RESTIC_PASSWORD and the keys of the backend",
    });
  }
  const purpose = `the password and the keys of Repository ${namespace}/${name}`;
  return await readSecret(context, { namespace, name: secret }, purpose);
}

/** An existing folder for temporary files. */
export async function scratchFolder({ paths }: Pick<TaskContext, "paths">, path: string): Promise<string> {
  const folder = paths.resolve(path);
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code !== "EACCES" && code !== "EPERM" && code !== "EROFS") throw cause;
    throw new Failure("configuration-invalid", `the folder ${path} cannot be written to`, {
      cause,
      hint: "let the pod's user write to its volumes: set runtimeSettings.pod.securityContext.fsGroup",
    });
  }
  return folder;
}

function filesIn(folder: string) {
  return {
    writeFile(name: string, text: string): string {
      const path = join(folder, name);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    },
  };
}

/** Paths and hosts as they lie on this machine. */
export function backendHere(backend: Backend, { paths, hosts }: Pick<TaskContext, "paths" | "hosts">): BackendSpec {
  const { local, s3, rest, ...others } = backend;
  const spec = {
    ...others,
    ...(local === undefined ? {} : { local: { mountPath: paths.resolve(local.mountPath) } }),
    ...(s3 === undefined ? {} : { s3: { ...s3, endpoint: urlHere(s3.endpoint, hosts) } }),
    ...(rest === undefined ? {} : { rest: { url: urlHere(rest.url ?? "", hosts) } }),
  };
  return spec;
}

function urlHere(text: string, hosts: TaskContext["hosts"]): string {
  const isBare = !/^https?:\/\//.test(text);
  const whole = isBare ? `https://${text}` : text;
  if (!URL.canParse(whole)) return text;
  const url = new URL(whole);
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  const found = hosts.lookup(unbracketed(url.hostname), port);
  if (found === undefined) return text;
  url.host = `${bracketed(found.address)}:${found.port}`;
  const here = url.href.replace(/\/$/, "");
  return isBare ? here.replace(/^https:\/\//, "") : here;
}
