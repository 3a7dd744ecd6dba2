import type { AppBinding } from "../../api/app-binding.ts";
import type { BackupSession } from "../../api/backup-session.ts";
import type { StashFunction } from "../../api/function.ts";
import type { Handler } from "../../api/hooks.ts";
import { backupJobName, restoreJobName } from "../../api/names.ts";
import type { Repository } from "../../api/repository.ts";
import type { RestoreSession } from "../../api/restore-session.ts";
import type { Task } from "../../api/task.ts";
import { Failure } from "../../kit/failures.ts";
import { type Container, ownedBy, type PodTemplate } from "../../kube/core.ts";
import type { MadeObject, Metadata } from "../made.ts";
import { buildJobAccount, jobRules } from "../rights/job.ts";
import { buildSessionRights } from "../rights/session.ts";
import type { OperatorSettings } from "../settings.ts";
import { userParams } from "../task/choice.ts";
import { type ResolvedTask, resolveTask } from "../task/resolve.ts";
import { ruleMistakes } from "../task/rules.ts";
import { called, namespaceOf, targetOf } from "../task/target.ts";
import { variablesFor } from "../task/variables.ts";
import { buildClaim } from "./claim.ts";
import { buildContainer, upsert } from "./container.ts";
import { hookContainer, hooksOf } from "./hook.ts";
import { buildJob, secondsLeft } from "./job.ts";
import { buildPod, jobAccountOf, labelsOf } from "./pod.ts";
import { buildReport } from "./report.ts";
import type { Run } from "./run.ts";
import { interimVolume, localVolume, type MountedVolume, scratchVolume } from "./volumes.ts";

export type ExecutorRequest = Run & {
  readonly repository: Repository;
  readonly appBinding: AppBinding;
  readonly task: Task;
  /** By name: all that `functionNamesOf(task)` says. */
  readonly functions: ReadonlyMap<string, StashFunction>;
  readonly settings: OperatorSettings;
  readonly now: Date;
};

/** What carries a session out. */
export interface Executor {
  /** Of the Job; its Role, RoleBinding and report are named alike. */
  readonly name: string;
  /**
   * In the order to make them: the account (the invoker's, for all its sessions), Role, RoleBinding (two with hooks by exec),
   * report, interim claim, Job. All but the account are the session's.
   * The Job is made once and then left: what is left of the time differs at every call.
   */
  readonly objects: readonly MadeObject[];
  /** Params of the user that no Function looks at: most likely misspelt. */
  readonly unusedParams: readonly string[];
}

/** Throws `configuration-invalid` with one sentence that names what is wrong. */
export function buildExecutor(request: ExecutorRequest): Executor {
  const { session, invoker, appBinding, settings } = request;
  const name = jobNameOf(session);
  const metadata: Metadata = {
    name,
    namespace: namespaceOf(session),
    labels: labelsOf(invoker),
    ownerReferences: [ownedBy(session)],
  };
  const resolved = resolve(request, name);
  const claim = buildClaim(invoker, session.metadata.name ?? "", metadata);
  const volumes = volumesFor(request, claim);
  const containers = [...hook(request, resolved, volumes, "pre"), ...steps(request, resolved, volumes)];
  const pod = buildPod({
    ...{ invoker, settings, account: jobAccountOf(invoker) },
    containers: [...containers, ...hook(request, resolved, volumes, "post")],
    volumes: upsert(
      volumes.all.map(({ volume }) => volume),
      resolved.volumes,
      (volume) => volume.name,
    ),
  });
  return {
    name,
    objects: [
      ...objectsBefore(request, metadata),
      ...(claim === undefined ? [] : [claim]),
      job(request, metadata, pod),
    ],
    unusedParams: [...userParams(invoker, appBinding).keys()].filter((param) => !resolved.looksAt.has(param)),
  };
}

function jobNameOf({ kind, metadata }: BackupSession | RestoreSession): string {
  return kind === "BackupSession" ? backupJobName(metadata.name ?? "") : restoreJobName(metadata.name ?? "");
}

function resolve(
  { session, invoker, repository, appBinding, task, functions, settings }: ExecutorRequest,
  report: string,
) {
  const [mistake] = invoker.kind === "RestoreSession" ? ruleMistakes(invoker.spec) : [];
  if (mistake !== undefined) throw new Failure("configuration-invalid", `${called(invoker)}: ${mistake}`);
  const names = { session: session.metadata.name ?? "", report };
  const variables = variablesFor({ invoker, repository, appBinding, settings, ...names });
  const resolved = resolveTask({ task, functions, variables, image: settings.image });
  const wrong = invoker.kind === "RestoreSession" ? "nats-backup" : "nats-restore";
  const step = resolved.steps.find(({ spec }) => spec.args?.[0] === "task" && spec.args[1] === wrong);
  if (step === undefined) return resolved;
  const sentence = `${called(invoker)}: the Task ${task.metadata.name} is for ${wrong === "nats-backup" ? "backups" : "restores"}`;
  throw new Failure("configuration-invalid", sentence, {
    hint: "name the Task of the other direction in spec.task.name",
  });
}

interface Volumes {
  readonly all: readonly MountedVolume[];
  /** For all containers. */
  readonly shared: readonly MountedVolume[];
}

function volumesFor({ invoker, repository }: ExecutorRequest, claim: MadeObject | undefined): Volumes {
  const interim = claim === undefined ? [] : [interimVolume(claim.draft.metadata.name ?? "")];
  const local = localVolume(repository);
  const shared = [scratchVolume(invoker), ...interim];
  return { shared, all: [...shared, ...(local === undefined ? [] : [local])] };
}

function steps(
  { invoker }: ExecutorRequest,
  { steps: resolved }: ResolvedTask,
  { all }: Volumes,
): readonly Container[] {
  return resolved.map(({ container, spec }) =>
    buildContainer({
      ...spec,
      name: container,
      mounts: all.map(({ mount }) => mount),
      settings: invoker.spec.runtimeSettings,
    }),
  );
}

function hook(
  { session, invoker, settings }: ExecutorRequest,
  { variables }: ResolvedTask,
  { shared }: Volumes,
  phase: "pre" | "post",
): readonly Container[] {
  if (hooksOf(invoker)[phase] === undefined) return [];
  const about = { invoker, session: session.metadata.name ?? "", target: targetOf(invoker), variables };
  return [hookContainer({ phase, image: settings.image, ...about, mounts: shared.map(({ mount }) => mount) })];
}

function objectsBefore(request: ExecutorRequest, metadata: Metadata): readonly MadeObject[] {
  const { session, invoker, appBinding } = request;
  const { pre, post } = hooksOf(invoker);
  const rights = buildSessionRights({
    ...{ metadata, appBinding, kind: session.kind, session: session.metadata.name ?? "" },
    account: { name: jobAccountOf(invoker), namespace: metadata.namespace },
    handlers: [pre, post].filter((handler): handler is Handler => handler !== undefined),
    rules: jobRules(invoker, request),
    targetNamespace: targetOf(invoker).namespace,
  });
  return [...buildJobAccount(invoker), ...rights, buildReport(metadata)];
}

function job(request: ExecutorRequest, metadata: Metadata, pod: PodTemplate): MadeObject {
  return buildJob(metadata, pod, secondsLeft(request, request.now));
}
