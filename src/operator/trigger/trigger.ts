import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import { labels } from "../../api/labels.ts";
import { cronJobName, triggerAccountName } from "../../api/names.ts";
import { Failure } from "../../kit/failures.ts";
import { type Container, cronJobs, ownedBy } from "../../kube/core.ts";
import { buildContainer } from "../executor/container.ts";
import { toArguments } from "../executor/hook.ts";
import { buildPod, labelsOf, ownAccountOf } from "../executor/pod.ts";
import { type MadeObject, type Metadata, made } from "../made.ts";
import { roleFor } from "../rights/rule.ts";
import type { OperatorSettings } from "../settings.ts";
import { called, namespaceOf, targetOf } from "../task/target.ts";
import { triggerRules } from "./rules.ts";

export function triggerName(configuration: BackupConfiguration): string {
  const own = { name: configuration.metadata.name ?? "", namespace: namespaceOf(configuration) };
  return cronJobName(own, targetOf(configuration).namespace);
}

/**
 * The CronJob that makes a configuration's sessions. It runs as the namespace's account of all triggers (accounts.ts), unless
 * the user names one: then that one is given the rights first.
 */
export function buildTrigger(
  configuration: BackupConfiguration,
  { settings }: { readonly settings: OperatorSettings },
): readonly MadeObject[] {
  const name = triggerName(configuration);
  const metadata: Metadata = {
    name,
    namespace: namespaceOf(configuration),
    labels: labelsOf(configuration),
    ownerReferences: [ownedBy(configuration)],
  };
  const own = ownAccountOf(configuration.spec);
  const account = own === undefined ? undefined : { name: own, namespace: metadata.namespace };
  return [
    ...(account === undefined ? [] : roleFor(metadata, triggerRules([configuration.metadata.name ?? ""]), account)),
    made(cronJobs, { metadata, spec: cronJobSpec(configuration, settings) }),
  ];
}

function cronJobSpec(configuration: BackupConfiguration, settings: OperatorSettings) {
  const { schedule = "", paused = false } = configuration.spec;
  if (schedule === "") throw new Failure("configuration-invalid", `${called(configuration)}: spec.schedule is missing`);
  const pod = buildPod({
    invoker: configuration,
    settings,
    account: triggerAccountName,
    containers: [container(configuration, settings.image)],
    volumes: [],
  });
  return {
    schedule,
    suspend: paused,
    jobTemplate: {
      metadata: { labels: { ...labelsOf(configuration), [labels.deleteJobOnCompletion]: "true" } },
      spec: { template: pod },
    },
  };
}

/** Of the container's settings only those that Stash applies: a probe or a nice is for the backup. */
function container(configuration: BackupConfiguration, image: string): Container {
  const { metadata, spec, kind } = configuration;
  const { resources, env, envFrom, securityContext } = spec.runtimeSettings?.container ?? {};
  const flags = { invokerKind: kind, invokerName: metadata.name, namespace: namespaceOf(configuration) };
  return buildContainer({
    name: "stash-trigger",
    image,
    args: ["task", "create-backupsession", ...toArguments(flags)],
    mounts: [],
    settings: { ...spec.runtimeSettings, container: { resources, env, envFrom, securityContext } },
    // The slot is read from the Job's name: whoever tries it again makes the same session.
    runtimeSettings: { container: { env: [jobNameField] } },
  });
}

const jobNameField = {
  name: "JOB_NAME",
  valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } },
};
