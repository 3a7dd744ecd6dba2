import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type Runner, startRunner } from "../../src/machine/runner.ts";
import type { OperatorOptions } from "../../src/operator/operator.ts";
import type { OperatorSettings } from "../../src/operator/settings.ts";
import { type Desk, image, openDesk, type RunningOperator } from "../operator/desk.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { type ObjectStore, objectStoreProgram, startObjectStore } from "../support/object-store.ts";
import { compiledOnce, findProgram, natsServerProgram } from "../support/programs.ts";
import { type Pushgateway, pushgatewayMissing, startPushgateway } from "../support/pushgateway.ts";

/**
 * All of it, and all of it real: a control plane, a node whose containers are processes, the operator with the rights of
 * its own account, an S3 server and a Pushgateway. nats-servers are the test's.
 */
export interface System extends AsyncDisposable {
  readonly desk: Desk;
  readonly runner: Runner;
  readonly store: ObjectStore;
  readonly pushgateway: Pushgateway;
  /** The operator that was started with it; undefined where the test wants to start its own. */
  readonly operator: RunningOperator | undefined;
  /** Starts one more, with the system's settings. */
  startOperator(changes?: Partial<OperatorOptions>, settings?: Partial<OperatorSettings>): Promise<RunningOperator>;
  /** From now on pods reach `host:port` (as in the cluster, `sample-nats.demo.svc:4222`) at this port of this machine. */
  route(host: string, port: number): void;
  /** The node's folder: pods and claims lie in it. */
  readonly folder: string;
}

export interface SystemOptions {
  readonly withoutOperator?: boolean;
  /** Added to what every container finds in its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether pods have host names of their own, as in a cluster: restic's locks tell them. Needs root. */
  readonly podHostNames?: boolean;
}

/** Why tests with all of it cannot run here; undefined where they can. */
export function systemMissing(): string | undefined {
  const programs = [
    [natsServerProgram(), "nats-server"],
    [objectStoreProgram(), "versitygw"],
    [findProgram("restic"), "restic"],
  ] as const;
  const missing = programs.filter(([path]) => path === undefined).map(([, name]) => name);
  if (missing.length > 0) return `no ${missing.join(", ")}: run npm run setup -- --tests`;
  return controlPlaneMissing() ?? pushgatewayMissing();
}

const root = join(import.meta.dirname, "../..");

export async function startSystem({
  withoutOperator = false,
  environment = {},
  podHostNames = false,
}: SystemOptions = {}): Promise<System> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "coldstream-system-"));
  opening.defer(async () => await rm(folder, { recursive: true, force: true }));
  const store = opening.use(await startObjectStore());
  const pushgateway = opening.use(await startPushgateway());
  const desk = opening.use(await openDesk({ nodeLifecycle: { graceSeconds: 20 } }));
  const hosts: Record<string, string> = {};
  const runner = opening.use(
    await startRunner(desk.cluster, {
      node: "machine",
      folder,
      image,
      hosts,
      entry: [process.execPath, join(root, "src/cli/main.ts")],
      environment: {
        PATH: [join(root, ".tools/bin"), process.env.PATH].join(delimiter),
        ...compiledOnce,
        ...environment,
      },
      ...{ shutdownGraceMs: 2000, podHostNames },
      signal: new AbortController().signal,
    }),
  );
  const urls = { pushgatewayUrl: pushgateway.url, operatorPushgatewayUrl: pushgateway.url };
  const startOperator: System["startOperator"] = async (changes = {}, settings = {}) =>
    await desk.startOperator(changes, { ...urls, ...settings });
  const operator = withoutOperator ? undefined : await startOperator();
  const open = opening.move();
  return {
    ...{ desk, runner, store, pushgateway, operator, folder, startOperator },
    route(host, port) {
      hosts[host] = `127.0.0.1:${port}`;
    },
    [Symbol.asyncDispose]: async () => await open.disposeAsync(),
  };
}
