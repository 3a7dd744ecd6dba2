import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../kit/failures.ts";
import { openCluster } from "../kube/client.ts";
import type { Cluster } from "../kube/cluster.ts";
import { secrets } from "../kube/core.ts";
import { type Key, keyText, resourceOf } from "../kube/resource.ts";
import { BackendSpec, backendAddress, type RepositoryAddress, type SecretValues } from "../repository/backend.ts";
import { openRepository, type Repository } from "../repository/restic.ts";
import { clusterSettings } from "./cluster-session.ts";
import type { CommandContext } from "./command.ts";
import type { RepositoryOptions } from "./options/repository.ts";

/** A repository that may hold files of its own (certificates, keys), which go with it. */
export type NamedRepository = Repository & AsyncDisposable;

/**
 * The repository that a Repository object names: its backend, and the password and keys in its storage Secret, read through
 * the kubeconfig as whoever that says. restic itself runs here: the backend must be reachable from this machine.
 */
export async function openFromRepository(
  { environment, printer, signal }: CommandContext,
  key: Key,
  options: Pick<RepositoryOptions, "kubeconfig" | "kubeContext">,
): Promise<NamedRepository> {
  await using cluster = openCluster(clusterSettings(environment, options));
  const found = await cluster.get(resourceOf("Repository"), key, { signal });
  if (found === undefined) {
    throw new Failure("object-not-found", `there is no Repository ${keyText(key)} at ${cluster.server}`, {
      hint: "list them with: coldstream get repositories -A",
    });
  }
  const { backend } = found.spec;
  const name = backend?.storageSecretName;
  if (backend === undefined || !name) {
    throw new Failure("configuration-invalid", `Repository ${keyText(key)} names no backend with a storage Secret`, {
      hint: "set spec.backend and spec.backend.storageSecretName",
    });
  }
  const secretKey = { ...key, name };
  const secret = await readSecret(cluster, { key, secretKey, signal });
  const folder = mkdtempSync(join(environment.temporaryFolder, "coldstream-keys-"));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const spec = BackendSpec.safeParse(backend);
    if (!spec.success)
      throw new Failure("configuration-invalid", `the backend of Repository ${keyText(key)} is not whole`, {
        cause: spec.error,
      });
    const address = addressOf(spec.data, secret, { folder, secret: keyText(secretKey) });
    const repository = openRepository({ ...address, baseEnv: environment.variables });
    printer.note(`repository: ${repository.url}, of Repository ${keyText(key)}`);
    return { ...repository, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function readSecret(
  cluster: Cluster,
  { key, secretKey, signal }: { readonly key: Key; readonly secretKey: Key; readonly signal: AbortSignal },
): Promise<SecretValues> {
  const found = await cluster.get(secrets, secretKey, { signal });
  if (found === undefined) {
    const message = `there is no Secret ${keyText(secretKey)}, which Repository ${keyText(key)} names`;
    throw new Failure("object-not-found", message, { hint: "make it, or correct spec.backend.storageSecretName" });
  }
  const decode = (base64: string) => Buffer.from(base64, "base64").toString("utf8");
  return Object.fromEntries(Object.entries(found.data ?? {}).map(([field, value]) => [field, decode(value)]));
}

function addressOf(
  backend: BackendSpec,
  values: SecretValues,
  { folder, secret }: { readonly folder: string; readonly secret: string },
): RepositoryAddress {
  const writeFile = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  try {
    return backendAddress(backend, values, { writeFile });
  } catch (error) {
    if (!Failure.is(error, "configuration-invalid") || error.details["key"] === undefined) throw error;
    throw new Failure(error.code, `Secret ${secret} lacks the key ${String(error.details["key"])}`);
  }
}
