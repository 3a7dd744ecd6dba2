import { sessionConditions } from "../api/condition-types.ts";
import { resourceOf } from "../kube/resource.ts";
import { type InvokerFacts, pushJob, type TargetFacts, targetFacts } from "../metrics/labels.ts";
import { proofSeries, streamSeries } from "../metrics/own-series.ts";
import { pushMetrics } from "../metrics/push.ts";
import { hostSeries, repositorySeries, restoreHostSeries } from "../metrics/series.ts";
import type { Series } from "../metrics/table.ts";
import type { TaskContext } from "./context.ts";
import { repositoryKey } from "./repository-access.ts";
import type { Session } from "./session.ts";
import type { Output } from "./step-output.ts";

/** What a Job knows of figures. None of them is worth failing for. */
export interface MetricsFacts {
  /** undefined: nothing is pushed. */
  readonly pushgatewayUrl: string | undefined;
  readonly invoker: { readonly kind: string; readonly namespace: string; readonly name: string };
  /** `NAMESPACE/NAME`. */
  readonly repository: string;
  readonly target: { readonly name: string; readonly namespace: string };
}

/** Figures of the repository, and whether they arrived, in the session's condition. */
export async function pushRepositoryMetrics(
  context: TaskContext,
  facts: MetricsFacts,
  session: Session,
): Promise<void> {
  const { cluster, signal } = context;
  const reasons = sessionConditions.RepositoryMetricsPushed;
  const say = (status: "True" | "False", reason: string, message: string) =>
    session.setCondition({ type: "RepositoryMetricsPushed", status, reason, message });
  if (facts.pushgatewayUrl === undefined) return await say("True", reasons.true, "there is no Pushgateway to push to");
  const repository = await cluster.get(resourceOf("Repository"), repositoryKey(facts.repository), { signal });
  const series = repository === undefined ? [] : repositorySeries(repository, invokerFacts(facts));
  const problem = await push(context, facts, series);
  if (problem === undefined) await say("True", reasons.true, "figures of the repository were pushed");
  else await say("False", reasons.false, problem);
}

/** Figures of the hosts and streams. What does not arrive is told in the log. */
export async function pushSessionMetrics(
  context: TaskContext,
  facts: MetricsFacts,
  { output, kind }: { readonly output: Output; readonly kind: Session["kind"] },
): Promise<void> {
  if (facts.pushgatewayUrl === undefined) return;
  const invoker = invokerFacts(facts);
  const target = await factsOfTarget(context, facts);
  const series =
    kind === "BackupSession"
      ? [
          ...output.target.stats.flatMap((stats) => hostSeries(stats, { invoker, target })),
          ...streamSeries(output.streams, invoker),
          ...proofSeries(output.proof, invoker),
        ]
      : output.target.stats.flatMap((stats) => restoreHostSeries(stats, { invoker, target }));
  const problem = await push(context, facts, series);
  if (problem !== undefined) context.log.warn({ problem }, "metrics were not pushed");
}

/** undefined: they arrived. */
async function push(
  { hosts, signal }: TaskContext,
  { pushgatewayUrl: url = "", invoker }: MetricsFacts,
  series: readonly Series[],
): Promise<string | undefined> {
  const pushed = await pushMetrics({ url, job: pushJob(invoker), series, method: "POST" }, { signal, hosts });
  return pushed.pushed ? undefined : pushed.reason;
}

function invokerFacts({ invoker, repository }: MetricsFacts): InvokerFacts {
  return { ...invoker, repository: repositoryKey(repository).name };
}

async function factsOfTarget({ cluster, signal }: TaskContext, { target }: MetricsFacts): Promise<TargetFacts> {
  const binding = await cluster.get(resourceOf("AppBinding"), target, { signal });
  return targetFacts({ apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", ...target }, binding);
}
