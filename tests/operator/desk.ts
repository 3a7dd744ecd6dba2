import { randomUUID } from "node:crypto";
import type { DocumentOf } from "../../src/api/documents.ts";
import type { Kind } from "../../src/api/kinds.ts";
import { jsonLog } from "../../src/kit/log.ts";
import { openCluster } from "../../src/kube/client.ts";
import type { Cluster } from "../../src/kube/cluster.ts";
import { events } from "../../src/kube/core.ts";
import { type KubeObject, type Resource, resourceOf } from "../../src/kube/resource.ts";
import { openRegistry } from "../../src/metrics/registry.ts";
import { catalogueStream, toStream } from "../../src/operator/catalogue/stream.ts";
import { type OperatorOptions, runOperator } from "../../src/operator/operator.ts";
import { rightsManifests } from "../../src/operator/rights/manifests.ts";
import type { OperatorSettings } from "../../src/operator/settings.ts";
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";

const system = "coldstream";
export const image = "coldstream.test/coldstream:test";

/** A control plane with the catalogue and the operator's account, and what a test does with it as administrator. */
export interface Desk extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly cluster: Cluster;
  /** Runs until it is stopped or the desk is cleared; with the rights of its own account, as in a cluster. */
  startOperator(changes?: Partial<OperatorOptions>, settings?: Partial<OperatorSettings>): Promise<RunningOperator>;
  /** A namespace of its own for a test, with a name that no other has. */
  namespace(): Promise<string>;
  apply(...documents: readonly object[]): Promise<void>;
  get<K extends Kind>(kind: K, namespace: string, name: string): Promise<DocumentOf<K> | undefined>;
  /** The object once it is as `test` wants it; throws after a minute unless told. */
  until<K extends Kind>(
    kind: K,
    key: { readonly namespace: string; readonly name: string },
    test: (object: DocumentOf<K>) => boolean,
    options?: { readonly timeoutMs?: number },
  ): Promise<DocumentOf<K>>;
  list<T extends KubeObject>(resource: Resource<T>, namespace: string): Promise<readonly T[]>;
  /** `Reason: message` of what was told of an object. */
  told(namespace: string, name: string): Promise<readonly string[]>;
  kubectl(...args: readonly string[]): Promise<string>;
}

export interface RunningOperator {
  readonly log: readonly string[];
  stop(): Promise<void>;
}

/** `start`: the API server that it is about; Kubernetes' own unless told. */
export async function openDesk(
  options: ControlPlaneOptions = {},
  start: (options: ControlPlaneOptions) => Promise<ControlPlane> = startControlPlane,
): Promise<Desk> {
  const plane = await start(options);
  const cluster = openCluster(plane.settings);
  const running = new Set<RunningOperator>();
  const waiting = { signal: new AbortController().signal };
  await plane.createNamespace(system);
  await plane.apply(
    `${catalogueStream(image)}\n${toStream(rightsManifests({ namespace: system, image, pullSecrets: ["registry"] }))}`,
  );
  const token = await plane.createToken(system, "coldstream-operator");
  const desk: Desk = {
    plane,
    cluster,
    async startOperator(changes = {}, settings = {}) {
      const started = startOperator({ plane, token }, changes, settings);
      running.add(started);
      return started;
    },
    async namespace() {
      const name = `demo-${randomUUID().slice(0, 8)}`;
      await plane.createNamespace(name);
      return name;
    },
    apply: async (...documents) => await plane.apply(toStream(documents)),
    get: async (kind, namespace, name) => await cluster.get(resourceOf(kind), { namespace, name }, waiting),
    async until(kind, key, test, { timeoutMs = 60_000 } = {}) {
      let last: unknown;
      try {
        return await eventually(
          `${kind} ${key.name}`,
          async () => {
            const object = await cluster.get(resourceOf(kind), key, waiting);
            last = object;
            return object !== undefined && test(object) ? object : undefined;
          },
          { timeoutMs },
        );
      } catch (error) {
        throw new Error(`${kind} ${key.name} was at last ${JSON.stringify(last, undefined, 1)}`, { cause: error });
      }
    },
    list: async (resource, namespace) => (await cluster.list(resource, { namespace }, waiting)).items,
    async told(namespace, name) {
      const { items } = await cluster.list(events, { namespace }, waiting);
      return items
        .filter((one) => one.involvedObject.name === name)
        .map(({ reason, message }) => `${reason}: ${message}`);
    },
    async kubectl(...args) {
      const { stdout, stderr, exit } = await kubectl(plane, args);
      if (exit !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
      return stdout;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running].map((one) => one.stop()));
      await cluster[Symbol.asyncDispose]();
      await plane[Symbol.asyncDispose]();
    },
  };
  return desk;
}

function startOperator(
  { plane, token }: { readonly plane: ControlPlane; readonly token: string },
  changes: Partial<OperatorOptions>,
  settings: Partial<OperatorSettings>,
): RunningOperator {
  const { server, ca, serverName } = plane.settings;
  const own = openCluster({
    server,
    token,
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { serverName }),
  });
  const stopper = new AbortController();
  const log: string[] = [];
  const options: OperatorOptions = {
    signal: stopper.signal,
    log: jsonLog(
      (line) => log.push(line),
      () => new Date(),
    ),
    identity: randomUUID(),
    lease: undefined,
    metrics: openRegistry(),
    ...changes,
  };
  const ended = runOperator(own, { image, pullSecrets: [], namespace: system, ...settings }, options);
  ended.catch((error: unknown) => log.push(`ended: ${error}`));
  return {
    log,
    async stop() {
      stopper.abort();
      await ended;
      await own[Symbol.asyncDispose]();
    },
  };
}
