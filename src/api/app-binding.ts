import { z } from "zod";
import { documentOf } from "./document.ts";
import { TaskRef } from "./references.ts";
import { Base64, Int32 } from "./structural.ts";

export const ServiceReference = z.object({
  scheme: z.string().describe("nats, tls, ws or wss."),
  namespace: z.string().optional().describe("Empty: the AppBinding's."),
  name: z.string(),
  port: Int32,
  path: z.string().optional(),
  query: z.string().optional(),
});
export type ServiceReference = z.infer<typeof ServiceReference>;

export const ClientConfig = z.object({
  url: z.string().optional().describe("Address of the server, when it is not behind a Service."),
  service: ServiceReference.optional().describe("The server's Service; wins over url."),
  caBundle: Base64.optional().describe("Certificates (PEM, in base64) that the server's must be signed by."),
  insecureSkipTLSVerify: z.boolean().optional().describe("Do not check the server's certificate."),
  serverName: z.string().optional().describe("The name to look for in the server's certificate."),
});
export type ClientConfig = z.infer<typeof ClientConfig>;

/** One of these, the first that is there. */
export const SecretTransform = z.object({
  renameKey: z.object({ from: z.string(), to: z.string() }).optional(),
  addKey: z
    .object({
      key: z.string(),
      value: Base64.optional(),
      stringValue: z.string().optional().describe("Wins over value."),
    })
    .optional(),
  addKeysFrom: z.object({ secretRef: z.object({ name: z.string().optional() }).optional() }).optional(),
  removeKey: z.object({ key: z.string() }).optional(),
});
export type SecretTransform = z.infer<typeof SecretTransform>;

const SecretRef = z.object({
  apiGroup: z.string().optional(),
  kind: z.string().default("Secret"),
  name: z.string(),
});

export const AppBindingSpec = z.object({
  type: z.string().optional().describe("What it is: nats.io/nats."),
  version: z.string().optional().describe("The server's version."),
  appRef: z
    .object({
      apiGroup: z.string().optional(),
      kind: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string(),
    })
    .optional(),
  clientConfig: ClientConfig.describe("How to reach it."),
  secret: SecretRef.optional().describe("Secret in this namespace with the credentials."),
  secretTransforms: z.array(SecretTransform).optional().describe("Changes to the Secret's keys before they are read."),
  parameters: z.looseObject({}).optional().describe("For programs; stash.addon names the Tasks."),
  tlsSecret: SecretRef.optional(),
});
export type AppBindingSpec = z.infer<typeof AppBindingSpec>;

export const AppBinding = documentOf("AppBinding", { spec: AppBindingSpec });
export type AppBinding = z.infer<typeof AppBinding>;

/** What `parameters` say to us, when they do; anything may stand there. */
export const AddonParameters = z.object({
  stash: z.object({
    addon: z.object({ backupTask: TaskRef.optional(), restoreTask: TaskRef.optional() }),
  }),
});
export type AddonParameters = z.infer<typeof AddonParameters>;
