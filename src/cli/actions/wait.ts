import { Failure } from "../../kit/failures.ts";
import { KubeFailure } from "../../kube/failure.ts";
import { pause } from "../../kube/requests.ts";
import { keyText } from "../../kube/resource.ts";
import { type ClusterDesk, openDesk } from "../cluster-desk.ts";
import { nameOf, type ServedKind } from "../cluster-kinds.ts";
import { readTargets } from "../cluster-operands.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { WaitOptions } from "../commands/wait.ts";
import { missingObject, namespaceFor } from "../missing-object.ts";
import { visible } from "../visible.ts";
import { look, type Seen, type WishedState } from "../wished-state.ts";

const usualTimeoutMs = 30_000;
const pauseMs = 500;

interface Awaited {
  readonly kind: ServedKind;
  readonly name: string;
}

export async function waitForObjects(
  context: CommandContext,
  options: WaitOptions,
  operands: readonly string[],
): Promise<Outcome> {
  const { printer, signal } = context;
  const wish = options.for;
  if (wish === undefined)
    throw new Failure("usage", "--for is missing", { hint: "for example: --for=phase=Succeeded" });
  await using desk = openDesk(context, options);
  const all = await awaited(desk, options, operands);
  const timeUp = AbortSignal.timeout(options.timeout ?? usualTimeoutMs);
  const met: Awaited[] = [];
  for (const one of all) {
    const seen = await until(desk, one, { wish, timeUp, signal });
    if (seen.is !== "met") throw await disappointed(desk, one, { seen, wish, options });
    met.push(one);
    printer.done(`${visible(nameOf(one.kind, one.name))} ${wordOf(wish)}`);
  }
  printer.document({ met: met.map(({ kind, name }) => ({ kind: kind.kind, name })) });
  return undefined;
}

async function awaited(
  desk: ClusterDesk,
  options: WaitOptions,
  operands: readonly string[],
): Promise<readonly Awaited[]> {
  const { selector, all } = options;
  const targets = await readTargets(desk.kinds, operands);
  const found = targets.map(async ({ kind, names }) => {
    if (names.length > 0) return names.map((name) => ({ kind, name }));
    if (!all && selector === undefined) {
      throw new Failure("usage", `which ${kind.plural} is not said`, { hint: "give names, --selector or --all" });
    }
    const where = {
      namespace: namespaceFor(desk, kind),
      ...(selector === undefined ? {} : { labelSelector: selector }),
    };
    const { items } = await desk.cluster.list(kind, where, desk);
    return items.map(({ metadata }) => ({ kind, name: metadata.name ?? "" }));
  });
  const list = (await Promise.all(found)).flat();
  if (list.length === 0) throw new Failure("object-not-found", "there is nothing to wait for");
  return list;
}

interface Waiting {
  readonly wish: WishedState;
  readonly timeUp: AbortSignal;
  readonly signal: AbortSignal;
}

/** Looks again and again; what was seen last when it is met, cannot be met any more, or time is up. */
async function until(desk: ClusterDesk, { kind, name }: Awaited, { wish, timeUp, signal }: Waiting): Promise<Seen> {
  let seen: Seen = { is: "not yet", now: "it was not looked at" };
  for (;;) {
    try {
      seen = look(wish, await desk.cluster.get(kind, { namespace: namespaceFor(desk, kind), name }, { signal }));
    } catch (error) {
      // an API server that is away for a moment
      if (!KubeFailure.isReason(error, "Unreachable", "ServiceUnavailable") || timeUp.aborted) throw error;
    }
    if (seen.is !== "not yet" || timeUp.aborted || isAbsent(seen, wish)) return seen;
    await pause(pauseMs, signal);
  }
}

/** As kubectl does: whoever waits for a state of something that is not there has most likely misspelt it. */
function isAbsent(seen: Seen, wish: WishedState): boolean {
  return wish.type !== "create" && wish.type !== "delete" && seen.is === "not yet" && seen.now === "it is not there";
}

interface Disappointment {
  readonly seen: Exclude<Seen, { is: "met" }>;
  readonly wish: WishedState;
  readonly options: WaitOptions;
}

async function disappointed(
  desk: ClusterDesk,
  { kind, name }: Awaited,
  { seen, wish, options }: Disappointment,
): Promise<Failure> {
  if (isAbsent(seen, wish)) return await missingObject(desk, kind, name);
  const key = keyText({ namespace: namespaceFor(desk, kind), name });
  const hint = `see: coldstream describe ${kind.singular} ${name}${kind.scope === "Cluster" ? "" : ` -n ${desk.namespace}`}`;
  if (seen.is === "never") {
    const code = kind.kind.startsWith("Restore") ? "restore-failed" : "backup-failed";
    return new Failure(code, `${kind.kind} ${key} has ended, and ${visible(seen.now)}`, { hint });
  }
  const seconds = (options.timeout ?? usualTimeoutMs) / 1000;
  return new Failure("timed-out", `${kind.kind} ${key} is not as wanted after ${seconds} s: ${visible(seen.now)}`, {
    hint,
  });
}

function wordOf(wish: WishedState): string {
  switch (wish.type) {
    case "delete":
      return "deleted";
    case "create":
      return "there";
    default:
      return "condition met";
  }
}
