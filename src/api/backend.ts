import { z } from "zod";
import { volumeSources } from "./kubernetes.ts";
import { withRule } from "./rule.ts";

const prefix = z.string().optional().describe("Folder within it.");
const maxConnections = z.int().optional().describe("At most so many connections at a time; 0: restic's default.");

/** The pod's own folders. */
const taken = "/stash";

export const LocalBackend = z.object({
  mountPath: withRule(z.string().max(4096), {
    rule: `self != '${taken}' && !self.startsWith('${taken}/')`,
    message: `must not be ${taken} or a folder in it`,
    holds: (path) => path !== taken && !path.startsWith(`${taken}/`),
  }).describe("Where the volume is mounted."),
  subPath: z.string().optional().describe("Folder within the volume."),
  ...volumeSources,
});
export type LocalBackend = z.infer<typeof LocalBackend>;

export const S3Backend = z.object({
  endpoint: z.string().describe("Address, for example s3.amazonaws.com or http://minio.storage.svc:9000."),
  bucket: z.string(),
  prefix,
  region: z.string().optional(),
  insecureTLS: z.boolean().optional().describe("Do not check the server's certificate."),
});
export type S3Backend = z.infer<typeof S3Backend>;

export const GCSBackend = z.object({ bucket: z.string(), prefix, maxConnections });
export type GCSBackend = z.infer<typeof GCSBackend>;

export const AzureBackend = z.object({ container: z.string(), prefix, maxConnections });
export type AzureBackend = z.infer<typeof AzureBackend>;

export const SwiftBackend = z.object({ container: z.string(), prefix });
export type SwiftBackend = z.infer<typeof SwiftBackend>;

export const B2Backend = z.object({ bucket: z.string(), prefix, maxConnections });
export type B2Backend = z.infer<typeof B2Backend>;

export const RestBackend = z.object({ url: z.string().optional().describe("Address of a restic REST server.") });
export type RestBackend = z.infer<typeof RestBackend>;

/** Where a restic repository lies. One of the providers is expected; that is checked when it is used. */
export const Backend = z.object({
  storageSecretName: z
    .string()
    .optional()
    .describe("Secret in this namespace with RESTIC_PASSWORD and the provider's keys."),
  local: LocalBackend.optional().describe("A folder in a volume."),
  s3: S3Backend.optional().describe("Amazon S3, or what speaks like it."),
  gcs: GCSBackend.optional().describe("Google Cloud Storage."),
  azure: AzureBackend.optional().describe("Azure Blob Storage."),
  swift: SwiftBackend.optional().describe("OpenStack Swift."),
  b2: B2Backend.optional().describe("Backblaze B2."),
  rest: RestBackend.optional().describe("restic's own REST server."),
});
export type Backend = z.infer<typeof Backend>;

/** In the order in which they are looked for. */
export const providers = ["local", "s3", "gcs", "azure", "swift", "b2", "rest"] as const satisfies (keyof Backend)[];
export type Provider = (typeof providers)[number];

/** The providers a backend names: one, unless its author forgot or doubled it. */
export function providersOf(backend: Backend | undefined): readonly Provider[] {
  return providers.filter((provider) => backend?.[provider] !== undefined);
}
