import { z } from "zod";
import { documentOf } from "./document.ts";
import { ContainerPort, VolumeDevice, VolumeMount } from "./kubernetes.ts";
import { RuntimeSettings } from "./runtime-settings.ts";

/** One container of a Job. Every text may hold variables: `${NAME}`, `${NAME:=default}`. */
export const FunctionSpec = z.object({
  image: z.string().optional(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  workingDir: z.string().optional(),
  ports: z.array(ContainerPort).optional(),
  volumeMounts: z.array(VolumeMount).optional(),
  volumeDevices: z.array(VolumeDevice).optional(),
  runtimeSettings: RuntimeSettings.optional().describe("Only the settings of the container are used."),
  podSecurityPolicyName: z.string().optional().describe("Not used: Kubernetes has none any more."),
});
export type FunctionSpec = z.infer<typeof FunctionSpec>;

/** The kind is Function; that name is the language's. */
export const StashFunction = documentOf("Function", { spec: FunctionSpec.prefault({}) });
export type StashFunction = z.infer<typeof StashFunction>;
