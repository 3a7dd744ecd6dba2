import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe } from "../kit/failures.ts";
import { openPaths } from "../kit/paths.ts";
import { entryOf } from "./entry.ts";
import { buildEnvironment, namedIn, type Variables } from "./environment.ts";
import { expand } from "./expand.ts";
import { mountsOf } from "./mounts.ts";
import type { MachinePod, PodContainer } from "./pod.ts";
import type { PodContext } from "./pod-context.ts";
import { readNamed } from "./pod-volumes.ts";
import { type Run, startRun } from "./process.ts";

/** Starting a container: what it runs, with which environment, where. */

export type Launch =
  | { readonly kind: "started"; readonly run: Run }
  | { readonly kind: "no image"; readonly message: string }
  /** Something that is named is not there (yet). */
  | { readonly kind: "lacking"; readonly message: string }
  /** It can never run here. */
  | { readonly kind: "refused"; readonly message: string };

export interface LaunchRequest {
  readonly pod: MachinePod;
  readonly container: PodContainer;
  /** Of the pod. */
  readonly podFolder: string;
  /** Of this run. */
  readonly runFolder: string;
  readonly places: ReadonlyMap<string, string>;
}

export async function launch(request: LaunchRequest, context: PodContext): Promise<Launch> {
  const { pod, container, podFolder, runFolder, places } = request;
  const early = entryOf(container, context.runnable);
  if (early.kind === "no image") return early;
  const { namespace = "" } = pod.metadata;
  const named = await readNamed(context.cluster, { ...namedIn(container), namespace, signal: context.signal });
  const folders = await makeFolders(podFolder, runFolder);
  const base = baseVariables(pod, context.environment, folders);
  const built = buildEnvironment({ pod, container, place: context.place, named, base });
  if (built.kind === "lacking") return built;
  const { variables } = built;
  const mounts = mountsOf({
    container,
    places,
    variables,
    temporary: folders.temporary,
    message: join(runFolder, "message"),
  });
  for (const folder of mounts.folders) await mkdir(folder, { recursive: true });
  const put = (texts: readonly string[] | null | undefined) => (texts ?? []).map((text) => expand(text, variables));
  const entry = entryOf(
    { image: container.image, command: put(container.command), args: put(container.args) },
    context.runnable,
  );
  if (entry.kind !== "run") return entry;
  const paths = openPaths(mounts.table);
  const environment = {
    ...variables,
    ...onThisMachine(variables, { base, resolve: paths.resolve }),
    COLDSTREAM_MOUNTS: JSON.stringify(mounts.table),
    COLDSTREAM_HOSTS: JSON.stringify(context.hosts(namespace)),
  };
  const asked = container.workingDir ?? "";
  const workingFolder = paths.resolve(asked) === asked ? folders.home : paths.resolve(asked);
  const command = context.podHostNames ? underHostName(hostNameOf(pod), entry) : entry;
  try {
    return { kind: "started", run: await startRun(runFolder, { ...command, environment, workingFolder }) };
  } catch (error) {
    return { kind: "refused", message: `starting ${entry.program}: ${describe(error)}` };
  }
}

interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** In a namespace of its own for the host's name; nothing else is apart. */
function underHostName(name: string, { program, args }: Command): Command {
  const script = 'echo "$0" > /proc/sys/kernel/hostname && exec "$@"';
  return { program: "unshare", args: ["--uts", "/bin/sh", "-c", script, name, program, ...args] };
}

function hostNameOf({ metadata, spec }: MachinePod): string {
  return (spec.hostname ?? metadata.name ?? "").slice(0, 63);
}

interface Folders {
  readonly home: string;
  readonly temporary: string;
}

async function makeFolders(podFolder: string, runFolder: string): Promise<Folders> {
  const folders = { home: join(podFolder, "home"), temporary: join(runFolder, "..", "tmp") };
  for (const folder of [folders.home, folders.temporary, runFolder]) await mkdir(folder, { recursive: true });
  // what lies below holds Secrets
  await chmod(podFolder, 0o700);
  return folders;
}

function baseVariables(pod: MachinePod, environment: Variables, { home, temporary }: Folders): Variables {
  return {
    ...environment,
    HOME: home,
    TMPDIR: temporary,
    HOSTNAME: hostNameOf(pod),
    KUBERNETES_SERVICE_HOST: "kubernetes.default.svc",
    KUBERNETES_SERVICE_PORT: "443",
  };
}

interface Moving {
  /** Lies on this machine already. */
  readonly base: Variables;
  readonly resolve: (path: string) => string;
}

/** Folders that any program looks for, not only ours, which resolve paths themselves. */
function onThisMachine(variables: Variables, { base, resolve }: Moving): Variables {
  const moved: Record<string, string> = {};
  for (const name of ["HOME", "TMPDIR"]) {
    const folder = variables[name];
    if (folder !== undefined && folder !== base[name]) moved[name] = resolve(folder);
  }
  return moved;
}
