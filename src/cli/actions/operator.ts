import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setFlagsFromString } from "node:v8";
import { Failure } from "../../kit/failures.ts";
import { jsonLog, type Log } from "../../kit/log.ts";
import { programVersion } from "../../kit/version.ts";
import { openCluster } from "../../kube/client.ts";
import { openRegistry } from "../../metrics/registry.ts";
import { openMeters } from "../../operator/meters.ts";
import { runOperator } from "../../operator/operator.ts";
import type { OperatorSettings } from "../../operator/settings.ts";
import { clusterSettings, type NamedCluster } from "../cluster-session.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { OperatorOptions } from "../commands/operator.ts";
import type { Environment } from "../environment.ts";
import { whyEnded } from "../service.ts";

/** The Lease of the one that works. */
const leaseName = "coldstream-operator";
const usualAddress = { host: "0.0.0.0", port: 8080 };

export async function runOperatorHere(context: CommandContext, options: OperatorOptions): Promise<Outcome> {
  staySmall();
  const { environment, printer, signal } = context;
  const image = imageOf(environment, options);
  const named = clusterSettings(environment, options);
  const settings = settingsFor(environment, options, { image, named });
  const pod = podOf(environment, settings.namespace);
  const clock = () => new Date();
  const registry = openRegistry();
  const listen = options.metricsAddress ?? (pod === undefined ? undefined : usualAddress);
  await using cluster = openCluster(named);
  await using meters = await openMeters({ registry, clock, listen, process, version: programVersion() });
  await runOperator(cluster, settings, {
    signal,
    log: logFor(printer.quiet),
    clock,
    identity: `${pod?.name ?? hostname()}_${randomUUID().slice(0, 8)}`,
    lease: options.leaderElection === "off" ? undefined : { namespace: settings.namespace, name: leaseName },
    pod,
    metrics: registry,
    meters,
  });
  return whyEnded(signal);
}

/**
 * It runs for months and mostly waits. By itself V8 lets the space for new objects grow to 64 MiB, and the rest to twice what
 * is used, which saves nothing that could be measured here.
 */
function staySmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--optimize-for-size");
}

function imageOf({ variables }: Environment, options: OperatorOptions): string {
  const image = options.image ?? variables["COLDSTREAM_IMAGE"];
  if (image !== undefined) return image;
  const hint = "name the image that Jobs run, for example --image coldstream:1.0";
  throw new Failure("usage", "--image is missing", { hint });
}

function settingsFor(
  { variables }: Environment,
  options: OperatorOptions,
  { image, named }: { readonly image: string; readonly named: NamedCluster },
): OperatorSettings {
  const { pushgatewayUrl, operatorPushgatewayUrl = pushgatewayUrl } = options;
  return {
    image,
    pullSecrets: options.pullSecret,
    namespace: options.namespace ?? variables["POD_NAMESPACE"] ?? named.namespace,
    ...(pushgatewayUrl === undefined ? {} : { pushgatewayUrl }),
    ...(operatorPushgatewayUrl === undefined ? {} : { operatorPushgatewayUrl }),
  };
}

function podOf({ variables }: Environment, namespace: string) {
  const name = variables["POD_NAME"];
  return name === undefined ? undefined : { name, namespace: variables["POD_NAMESPACE"] ?? namespace };
}

function logFor(quiet: boolean): Log {
  const log = jsonLog(
    (line) => process.stderr.write(line),
    () => new Date(),
  );
  return quiet ? { ...log, info: () => undefined } : log;
}
