import { z } from "zod";
import type { AppBinding } from "../../api/app-binding.ts";
import { Failure } from "../../kit/failures.ts";
import { type Endpoints, endpoints, type Pod, pods } from "../../kube/core.ts";
import type { TaskContext } from "../context.ts";

/** Who stands behind the AppBinding's Service. */
export interface Backend {
  readonly address: string;
  /** undefined: whoever listens there is no pod of this cluster. */
  readonly pod: string | undefined;
}

/** Pods first, the ready ones before the others. */
export function chooseBackend({ subsets }: Pick<Endpoints, "subsets">): Backend | undefined {
  const all = (subsets ?? []).map(({ addresses, notReadyAddresses }) => [addresses ?? [], notReadyAddresses ?? []]);
  const found = [0, 1].flatMap((at) => all.flatMap((both) => both[at] ?? []));
  const backends = found.map(({ ip, targetRef }): Backend => {
    const isPod = targetRef?.kind === undefined || targetRef.kind === "Pod";
    return { address: ip, pod: isPod ? targetRef?.name : undefined };
  });
  return backends.find(({ pod }) => pod !== undefined) ?? backends[0];
}

/** Throws `configuration-invalid` or `object-not-found` with what is missing, and what to do. */
export async function findBackend(
  { cluster, signal }: Pick<TaskContext, "cluster" | "signal">,
  { metadata, spec }: AppBinding,
): Promise<Backend> {
  const { namespace = "", name: binding = "" } = metadata;
  const name = spec.clientConfig.service?.name;
  if (name === undefined || name === "") {
    throw new Failure(
      "configuration-invalid",
      `AppBinding ${namespace}/${binding} names no Service, so there is no pod`,
      {
        hint: "set its clientConfig.service, or give the hook a host; a command needs a pod",
      },
    );
  }
  const found = await cluster.get(endpoints, { namespace, name }, { signal });
  const backend = found === undefined ? undefined : chooseBackend(found);
  if (backend !== undefined) return backend;
  throw new Failure("object-not-found", `there is no pod behind Service ${namespace}/${name}`, {
    hint: "check that it runs and that the Service selects it, or give the hook a host; a command needs a pod",
  });
}

/** Throws when the backend is no pod, or is gone. */
export async function readPod(
  { cluster, signal }: Pick<TaskContext, "cluster" | "signal">,
  namespace: string,
  { address, pod }: Backend,
): Promise<Pod> {
  if (pod === undefined) {
    throw new Failure("object-not-found", `what listens at ${address} is no pod of this cluster`, {
      hint: "give the port as a number; a command needs a pod",
    });
  }
  const found = await cluster.get(pods, { namespace, name: pod }, { signal });
  if (found !== undefined) return found;
  throw new Failure("object-not-found", `Pod ${namespace}/${pod} is gone`, { hint: "the next session finds another" });
}

const Ports = z.looseObject({
  ports: z.array(z.looseObject({ name: z.string().optional(), containerPort: z.int() })).nullish(),
});

/** The number of a named port: in `containerName`, or the first container that has one of that name. */
export function namedPort({ metadata, spec }: Pod, port: string, containerName: string | undefined): number {
  const wanted = spec.containers.filter(({ name }) => containerName === undefined || containerName === name);
  const all = wanted.flatMap((container) => Ports.safeParse(container).data?.ports ?? []);
  const found = all.find(({ name }) => name === port);
  if (found !== undefined) return found.containerPort;
  const where = containerName === undefined ? "" : ` in container ${containerName}`;
  throw new Failure("configuration-invalid", `Pod ${metadata.name ?? ""} has no port named ${port}${where}`, {
    hint: "name one of its ports, or give the number",
  });
}
