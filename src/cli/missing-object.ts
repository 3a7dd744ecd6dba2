import { Failure } from "../kit/failures.ts";
import { keyText } from "../kube/resource.ts";
import type { ClusterDesk } from "./cluster-desk.ts";
import type { ServedKind } from "./cluster-kinds.ts";

/** Where an object of this kind is looked for; undefined for those of the cluster. */
export function namespaceFor({ namespace }: ClusterDesk, { scope }: ServedKind): string | undefined {
  return scope === "Cluster" ? undefined : namespace;
}

/** What to say of an object that is not there: where one of that name is, if it is in another namespace. */
export async function missingObject(desk: ClusterDesk, kind: ServedKind, name: string): Promise<Failure> {
  const namespace = namespaceFor(desk, kind);
  const hint =
    (await elsewhere(desk, kind, name)) ?? `list them with: coldstream get ${kind.plural}${flagsOf(desk, kind)}`;
  return new Failure("object-not-found", `there is no ${kind.kind} ${keyText({ namespace, name })} at ${desk.server}`, {
    hint,
  });
}

export function flagsOf({ namespace }: ClusterDesk, { scope }: ServedKind): string {
  return scope === "Cluster" ? "" : ` -n ${namespace}`;
}

async function elsewhere(desk: ClusterDesk, kind: ServedKind, name: string): Promise<string | undefined> {
  if (kind.scope === "Cluster") return undefined;
  try {
    const { items } = await desk.cluster.list(kind, { fieldSelector: `metadata.name=${name}` }, desk);
    const places = items.map(({ metadata }) => metadata.namespace ?? "").slice(0, 3);
    return places.length === 0
      ? undefined
      : `there is one in another namespace: ${places.map((at) => `-n ${at}`).join(", ")}`;
  } catch {
    // whoever may not list everything is told where to look himself
    return undefined;
  }
}

/** The object, or a failure that says where it is. */
export async function requireObject(desk: ClusterDesk, kind: ServedKind, name: string) {
  const found = await desk.cluster.get(kind, { namespace: namespaceFor(desk, kind), name }, desk);
  if (found === undefined) throw await missingObject(desk, kind, name);
  return found;
}
