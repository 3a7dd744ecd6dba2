import { stringify } from "yaml";
import type { Where } from "../kube/cluster.ts";
import type { ClusterDesk } from "./cluster-desk.ts";
import type { Target } from "./cluster-operands.ts";
import type { CommandContext } from "./command.ts";
import type { GetOptions } from "./commands/get.ts";
import { namespaceFor } from "./missing-object.ts";

export interface GetView {
  readonly printer: CommandContext["printer"];
  readonly options: GetOptions;
}

/** Of one kind: where its objects are looked for. */
export function whereOf(desk: ClusterDesk, { kind }: Target, options: GetOptions): Where {
  const { selector, fieldSelector, allNamespaces } = options;
  return {
    namespace: allNamespaces ? undefined : namespaceFor(desk, kind),
    ...(selector === undefined ? {} : { labelSelector: selector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
}

export function yamlOf(value: unknown): string {
  // so that programs that read YAML 1.1, as kubectl does, take texts for texts
  return stringify(value, { lineWidth: 0, version: "1.1" }).trimEnd();
}
