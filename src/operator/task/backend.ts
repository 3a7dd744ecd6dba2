import { type Backend, type Provider, providersOf } from "../../api/backend.ts";
import type { Repository } from "../../api/repository.ts";
import { Failure } from "../../kit/failures.ts";
import { called, namespaceOf } from "./target.ts";

/** What a Task may know of the Repository; undefined: the variable is absent. */
export function repositoryVariables(repository: Repository): Readonly<Record<string, string | undefined>> {
  const { metadata, spec } = repository;
  const backend = spec.backend ?? {};
  const [provider] = providersOf(backend);
  if (provider === undefined) {
    throw new Failure("configuration-invalid", `${called(repository)} names no backend`, {
      hint: "set its spec.backend to one of local, s3, gcs, azure, swift, b2 or rest",
    });
  }
  const { bucket, prefix, endpoint, maxConnections = 0 } = placeOf(backend, provider);
  const secret = backend.storageSecretName;
  return {
    REPOSITORY_NAME: metadata.name ?? "",
    REPOSITORY_NAMESPACE: namespaceOf(repository),
    REPOSITORY_PROVIDER: provider,
    REPOSITORY_BUCKET: bucket ?? "",
    REPOSITORY_PREFIX: prefix ?? "",
    REPOSITORY_ENDPOINT: endpoint,
    REPOSITORY_REGION: provider === "s3" ? notEmpty(backend.s3?.region) : undefined,
    REPOSITORY_INSECURE_TLS: String(provider === "s3" && backend.s3?.insecureTLS === true),
    REPOSITORY_SECRET_NAME: notEmpty(secret),
    REPOSITORY_SECRET_NAMESPACE: notEmpty(secret) === undefined ? undefined : namespaceOf(repository),
    MAX_CONNECTIONS: String(maxConnections),
  };
}

interface Place {
  readonly bucket?: string | undefined;
  readonly prefix?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly maxConnections?: number | undefined;
}

function placeOf(backend: Backend, provider: Provider): Place {
  switch (provider) {
    case "local":
      return { bucket: backend.local?.mountPath };
    case "azure":
    case "swift":
      return { ...backend[provider], bucket: backend[provider]?.container };
    case "rest":
      return restPlace(backend.rest?.url);
    case "s3":
    case "gcs":
    case "b2":
      return { ...backend[provider] };
    default:
      throw new Error(`unknown provider ${provider satisfies never}`);
  }
}

function restPlace(url: string | undefined): Place {
  const parsed = url === undefined ? null : URL.parse(url);
  return { bucket: parsed?.host, prefix: parsed?.pathname, endpoint: url };
}

function notEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
