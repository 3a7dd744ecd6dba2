import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../kit/whole-file.ts";
import type { Cluster, Waiting } from "../kube/cluster.ts";
import { configMaps, secrets } from "../kube/core.ts";
import type { KubeObject, Resource } from "../kube/resource.ts";
import { below } from "./below.ts";
import type { Claims } from "./claims.ts";
import type { Place } from "./downward.ts";
import type { Named, NamedObjects } from "./environment.ts";
import { prepareHostPath } from "./host-path.ts";
import type { MachinePod } from "./pod.ts";
import { writeToken } from "./token.ts";
import { namedInVolumes, planVolumes, type VolumePlan } from "./volumes.ts";

/** What was done for a pod's volumes; kept beside them, so that a runner that comes later need not do it again. */
const Prepared = z.object({
  /** Name of the volume -> where it lies. */
  places: z.record(z.string(), z.string()),
  limits: z.array(z.object({ path: z.string(), limitBytes: z.number(), what: z.string() })),
  tokens: z.array(
    z.object({
      path: z.string(),
      audience: z.string().optional(),
      expirationSeconds: z.number(),
      renewAt: z.number(),
    }),
  ),
});
export type Prepared = z.infer<typeof Prepared>;

export type Preparation =
  | { readonly kind: "prepared"; readonly prepared: Prepared }
  /** Something is not there (yet). */
  | { readonly kind: "lacking"; readonly message: string };

export interface VolumesContext {
  readonly cluster: Cluster;
  readonly claims: Claims;
  readonly place: Place;
  /** Of the pod. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Makes all volumes of a pod, or says what is missing. */
export async function prepareVolumes(pod: MachinePod, context: VolumesContext): Promise<Preparation> {
  const { namespace = "" } = pod.metadata;
  const wanted = namedInVolumes(pod.spec.volumes ?? []);
  const named = await readNamed(context.cluster, { ...wanted, namespace, signal: context.signal });
  const prepared: Prepared = { places: {}, limits: [], tokens: [] };
  for (const plan of planVolumes({ pod, place: context.place, named })) {
    const lacking = await prepareVolume(plan, { ...context, pod, prepared });
    if (lacking !== undefined) return { kind: "lacking", message: lacking };
  }
  await writeWhole(join(context.folder, "volumes.json"), JSON.stringify(prepared));
  return { kind: "prepared", prepared };
}

/** What another runner has prepared in this folder. */
export async function findPrepared(folder: string): Promise<Prepared | undefined> {
  const text = await readFile(join(folder, "volumes.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : Prepared.parse(JSON.parse(text));
}

export async function readNamed(
  cluster: Cluster,
  { namespace, signal, ...wanted }: NamedObjects & Waiting & { readonly namespace: string },
): Promise<Named> {
  const read = async <T extends KubeObject>(resource: Resource<T>, names: readonly string[]) => {
    const pairs = names.map(
      async (name) => [name, await cluster.get(resource, { namespace, name }, { signal })] as const,
    );
    const found = new Map<string, T>();
    for (const [name, object] of await Promise.all(pairs)) if (object !== undefined) found.set(name, object);
    return found;
  };
  return { secrets: await read(secrets, wanted.secrets), configMaps: await read(configMaps, wanted.configMaps) };
}

interface Preparing extends VolumesContext {
  readonly pod: MachinePod;
  readonly prepared: Prepared;
}

/** What is missing, or undefined when it is there. */
async function prepareVolume(plan: VolumePlan, preparing: Preparing): Promise<string | undefined> {
  const { prepared, folder } = preparing;
  const own = join(folder, "volumes", plan.name);
  switch (plan.kind) {
    case "lacking":
      return plan.message;
    case "empty":
      await mkdir(own, { recursive: true });
      prepared.places[plan.name] = own;
      if (plan.limitBytes !== undefined) {
        prepared.limits.push({ path: own, limitBytes: plan.limitBytes, what: `emptyDir "${plan.name}"` });
      }
      return undefined;
    case "files":
      prepared.places[plan.name] = own;
      return await prepareFiles(plan, own, preparing);
    case "host":
      prepared.places[plan.name] = plan.path;
      return await failedMount(plan.name, prepareHostPath(plan));
    case "claim":
      return await prepareClaim(plan, preparing);
    default:
      throw new Error(`unknown volume ${plan satisfies never}`);
  }
}

type Plan<K extends VolumePlan["kind"]> = Extract<VolumePlan, { readonly kind: K }>;

async function prepareFiles(
  plan: Plan<"files">,
  own: string,
  { cluster, pod, prepared, signal }: Preparing,
): Promise<string | undefined> {
  const stray = [...plan.files, ...plan.tokens].find(({ path }) => below(own, path) === undefined);
  if (stray !== undefined) return `MountVolume.SetUp failed for volume "${plan.name}" : ${stray.path} leads out of it`;
  await mkdir(own, { recursive: true, mode: 0o700 });
  for (const { path, content, mode } of plan.files) await writeWhole(join(own, path), content, { mode });
  for (const token of plan.tokens) {
    const place = { ...token, path: join(own, token.path) };
    prepared.tokens.push({ ...place, renewAt: await writeToken(cluster, pod, { ...place, signal }) });
  }
  return undefined;
}

async function prepareClaim(plan: Plan<"claim">, { claims, pod, prepared }: Preparing): Promise<string | undefined> {
  const found = await claims.place(pod.metadata.namespace ?? "", plan.claim);
  if (found.kind === "lacking") return found.message;
  const { path, limitBytes } = found;
  prepared.places[plan.name] = path;
  if (limitBytes !== undefined && limitBytes > 0) {
    prepared.limits.push({ path, limitBytes, what: `persistentvolumeclaim "${plan.claim}"` });
  }
  return undefined;
}

async function failedMount(name: string, problem: Promise<string | undefined>): Promise<string | undefined> {
  const message = await problem;
  return message === undefined ? undefined : `MountVolume.SetUp failed for volume "${name}" : ${message}`;
}
