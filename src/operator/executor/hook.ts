import type { Handler } from "../../api/hooks.ts";
import type { VolumeMount } from "../../api/kubernetes.ts";
import { hookContainers } from "../../api/labels.ts";
import { flagName, type TaskFlags } from "../../api/task-flags.ts";
import type { Container } from "../../kube/core.ts";
import type { Variables } from "../task/substitute.ts";
import type { Invoker, TargetName } from "../task/target.ts";
import { buildContainer } from "./container.ts";

export interface Hooks {
  readonly pre?: Handler | undefined;
  readonly post?: Handler | undefined;
}

export function hooksOf(invoker: Invoker): Hooks {
  if (invoker.kind === "RestoreSession") {
    const { preRestore, postRestore } = invoker.spec.hooks ?? {};
    return { pre: preRestore, post: postRestore };
  }
  const { preBackup, postBackup } = invoker.spec.hooks ?? {};
  return { pre: preBackup, post: postBackup };
}

export interface HookRequest {
  readonly phase: "pre" | "post";
  readonly image: string;
  readonly invoker: Invoker;
  readonly session: string;
  readonly target: TargetName;
  readonly variables: Variables;
  readonly mounts: readonly VolumeMount[];
}

type HookFlags = { readonly [Name in keyof TaskFlags<"run-hook">]?: string | undefined };

export function hookContainer(request: HookRequest): Container {
  const { phase, image, invoker, mounts } = request;
  return buildContainer({
    name: phase === "pre" ? hookContainers.before : hookContainers.after,
    image,
    args: ["task", "run-hook", ...toArguments(hookFlags(request))],
    mounts,
    settings: invoker.spec.runtimeSettings,
  });
}

function hookFlags({ phase, invoker, session, target, variables }: HookRequest): HookFlags {
  return {
    phase,
    invokerKind: invoker.kind,
    invokerName: invoker.metadata.name,
    namespace: variables.get("NAMESPACE"),
    ...(invoker.kind === "RestoreSession" ? { restoresession: session } : { backupsession: session }),
    targetKind: target.kind,
    targetName: target.name,
    targetNamespace: target.namespace,
    outputDir: variables.get("outputDir"),
  };
}

/** `--flag=value`; what is absent or empty is left out. */
export function toArguments(flags: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(flags).flatMap(([field, value]) =>
    value === undefined || value === "" ? [] : [`--${flagName(field)}=${value}`],
  );
}
