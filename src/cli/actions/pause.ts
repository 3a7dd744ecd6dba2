import { resourceOf } from "../../kube/resource.ts";
import { openDesk } from "../cluster-desk.ts";
import type { CommandContext, Outcome } from "../command.ts";
import { requireConfiguration } from "../invoker.ts";
import { missingObject } from "../missing-object.ts";
import type { ClusterOptions } from "../options/cluster.ts";
import { visible } from "../visible.ts";

export interface Pausing {
  readonly options: ClusterOptions;
  readonly operands: readonly string[];
  readonly paused: boolean;
}

/** Sets or clears `spec.paused`. */
export async function setPaused(context: CommandContext, { options, operands, paused }: Pausing): Promise<Outcome> {
  const { printer } = context;
  await using desk = openDesk(context, options);
  const before = await requireConfiguration(desk, operands);
  const name = before.metadata.name ?? "";
  const was = before.spec.paused === true;
  if (was !== paused) {
    const key = { namespace: desk.namespace, name };
    const merge = { spec: { paused } };
    const after = await desk.cluster.patch(resourceOf("BackupConfiguration"), key, { merge, signal: desk.signal });
    if (after === undefined) throw await missingObject(desk, await desk.kinds.named("bc"), name);
  }
  const word = paused ? "paused" : "resumed";
  printer.done(
    `backupconfiguration.stash.appscode.com/${visible(name)} ${was === paused ? `was ${word} already` : word}`,
  );
  if (paused)
    printer.note(`no session is made until: coldstream resume ${visible(name)} -n ${visible(desk.namespace)}`);
  printer.document({ namespace: desk.namespace, name, paused, changed: was !== paused });
  return undefined;
}
