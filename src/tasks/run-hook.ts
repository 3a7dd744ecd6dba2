import type { BackupSession } from "../api/backup-session.ts";
import type { ConditionNews } from "../api/condition.ts";
import { type Condition, statusOf } from "../api/condition.ts";
import { invokerConditions, targetConditions } from "../api/condition-types.ts";
import type { Handler } from "../api/hooks.ts";
import { apiVersionOf } from "../api/kinds.ts";
import type { RestoreSession } from "../api/restore-session.ts";
import type { TaskFlags } from "../api/task-flags.ts";
import { Failure } from "../kit/failures.ts";
import { exec } from "../kube/exec.ts";
import { type Key, resourceOf } from "../kube/resource.ts";
import { clusterSettings, required, type TaskContext } from "./context.ts";
import { sentenceOf } from "./failure-sentence.ts";
import { findBackend, namedPort, readPod } from "./hooks/executor-pod.ts";
import { runFacts, templateFacts } from "./hooks/facts.ts";
import { runHandler, type Surroundings } from "./hooks/handler.ts";
import { type ExecutionPolicy, leftOut } from "./hooks/policy.ts";
import type { Value } from "./hooks/template-functions.ts";
import { openBackupSession, openRestoreSession, type Session } from "./session.ts";
import { type FullRef, targetIn } from "./session-status.ts";

export type HookFlags = TaskFlags<"run-hook">;

/** All handlers of a hook together. */
const mostMs = 5 * 60_000;

/**
 * A hook, as a container of the session's Job: before its steps or behind them. What came of it stands in a condition, which
 * is also what keeps a hook from running twice. A hook before that fails fails the container, so that nothing is backed up
 * or restored; one behind does not: the condition fails the session.
 */
export async function runHook(context: TaskContext, flags: HookFlags): Promise<Failure | undefined> {
  const { phase = "pre" } = flags;
  const run = await openRun(context, flags);
  const words = conditionWords[run.session.kind][phase];
  const before = statusOf(run.conditions, words.type);
  if (before !== undefined) return before === "False" && phase === "pre" ? failedBefore(run.session.kind) : undefined;
  try {
    const said = await attempt(context, { ...run, phase });
    await run.session.setTargetCondition({ type: words.type, status: "True", reason: words.true, message: said });
    return undefined;
  } catch (error) {
    context.signal.throwIfAborted();
    const failure = Failure.from(error);
    context.log.error({ code: failure.code, error, hook: words.name }, "hook failed");
    const message = `The ${words.name} hook failed: ${sentenceOf(failure)}`;
    await run.session.setTargetCondition({ type: words.type, status: "False", reason: words.false, message });
    return phase === "pre" ? failedBefore(run.session.kind, failure) : undefined;
  }
}

const [backup, restore] = [targetConditions, invokerConditions];

type Words = Pick<ConditionNews, "type"> & { readonly name: string; readonly true: string; readonly false: string };

const conditionWords: Readonly<Record<Session["kind"], Readonly<Record<"pre" | "post", Words>>>> = {
  BackupSession: {
    pre: { name: "preBackup", type: "PreBackupHookExecutionSucceeded", ...backup.PreBackupHookExecutionSucceeded },
    post: { name: "postBackup", type: "PostBackupHookExecutionSucceeded", ...backup.PostBackupHookExecutionSucceeded },
  },
  RestoreSession: {
    pre: { name: "preRestore", type: "PreRestoreHookExecutionSucceeded", ...restore.PreRestoreHookExecutionSucceeded },
    post: {
      ...{ name: "postRestore", type: "PostRestoreHookExecutionSucceeded" },
      ...restore.PostRestoreHookExecutionSucceeded,
    },
  },
};

function failedBefore(kind: Session["kind"], cause?: Failure): Failure {
  const [code, what] =
    kind === "BackupSession" ? (["backup-failed", "preBackup"] as const) : (["restore-failed", "preRestore"] as const);
  return new Failure(code, `the ${what} hook failed`, cause === undefined ? {} : { cause });
}

interface Run {
  readonly session: Session;
  readonly document: BackupSession | RestoreSession;
  readonly target: FullRef;
  /** Where the hook's condition lies. */
  readonly conditions: readonly Condition[];
  readonly invoker: { readonly kind: string; readonly name: string };
}

async function openRun(context: TaskContext, flags: HookFlags): Promise<Run> {
  const namespace = flags.namespace ?? context.namespace;
  const named = { kind: flags.targetKind, name: flags.targetName ?? "", namespace: flags.targetNamespace ?? namespace };
  const target = { apiVersion: apiVersionOf("AppBinding"), ...named };
  const invoker = { kind: flags.invokerKind, name: flags.invokerName };
  if (flags.backupsession !== undefined) {
    const place = { namespace, name: flags.backupsession, target: named };
    const session = await openBackupSession(context, place);
    const document = await required(context, resourceOf("BackupSession"), session.key);
    const conditions = targetIn(document.status, target, namespace)?.conditions ?? [];
    return { session, document, target, conditions, invoker };
  }
  if (flags.restoresession === undefined) {
    throw new Failure("usage", "run-hook: neither --backupsession nor --restoresession is given");
  }
  const session = await openRestoreSession(context, { namespace, name: flags.restoresession, target: named });
  const document = await required(context, resourceOf("RestoreSession"), session.key);
  return { session, document, target, conditions: document.status?.conditions ?? [], invoker };
}

type Attempt = Run & { readonly phase: "pre" | "post" };

/** What to say of a hook that ran, or that was not to run. Throws why it failed. */
async function attempt(context: TaskContext, run: Attempt): Promise<string> {
  const { document, target, phase, invoker, session } = run;
  const hook = await hookOf(context, run);
  const facts = runFacts(document, { phase, target, now: context.now() });
  const left = phase === "post" ? leftOut(hook.policy, facts) : undefined;
  if (left !== undefined) return left;
  const { namespace, name } = session.key;
  const values = templateFacts({ session: { namespace, name }, invoker, target }, facts);
  const late = new Failure("timed-out", `it took longer than ${mostMs / 60_000} minutes`, {
    hint: "let it only begin what takes longer",
  });
  const timer = new AbortController();
  const timeout = setTimeout(() => timer.abort(late), mostMs);
  try {
    const signal = AbortSignal.any([context.signal, timer.signal]);
    await runHandler(hook.handler, surroundings({ ...context, signal }, { target, facts: values }));
    return `The ${conditionWords[session.kind][phase].name} hook succeeded.`;
  } finally {
    clearTimeout(timeout);
  }
}

interface Hook {
  readonly handler: Handler;
  readonly policy: ExecutionPolicy;
}

async function hookOf(context: TaskContext, { document, phase, invoker }: Attempt): Promise<Hook> {
  if (document.kind === "RestoreSession") {
    const { preRestore, postRestore } = document.spec.hooks ?? {};
    return chosen(phase === "pre" ? preRestore : postRestore);
  }
  const key: Key = { namespace: document.metadata.namespace, name: invoker.name };
  const { preBackup, postBackup } = (await required(context, resourceOf("BackupConfiguration"), key)).spec.hooks ?? {};
  return chosen(phase === "pre" ? preBackup : postBackup);
}

function chosen(hook: (Handler & { readonly executionPolicy?: ExecutionPolicy }) | undefined): Hook {
  if (hook !== undefined) return { handler: hook, policy: hook.executionPolicy ?? "Always" };
  throw new Failure("configuration-invalid", "the hook is no longer there: it was removed after the session began");
}

/** The database's pod is looked for once, and only when a handler needs it. */
function surroundings(
  context: TaskContext,
  { target, facts }: { readonly target: FullRef; readonly facts: Value },
): Surroundings {
  const { namespace, name } = target;
  let found: ReturnType<typeof findBackend> | undefined;
  const backend = () => {
    found ??= required(context, resourceOf("AppBinding"), { namespace, name }).then((it) => findBackend(context, it));
    return found;
  };
  return {
    podAddress: async () => (await backend()).address,
    namedPort: async (port, container) =>
      namedPort(await readPod(context, namespace, await backend()), port, container),
    async exec(command, container) {
      const pod = await readPod(context, namespace, await backend());
      const request = { pod: { namespace, name: pod.metadata.name ?? "" }, command };
      const named = container ?? pod.spec.containers[0]?.name;
      return await exec(clusterSettings(context), { ...request, container: named }, context);
    },
    lookup: context.hosts.lookup,
    facts,
    signal: context.signal,
  };
}
