import { once } from "node:events";
import { basename, dirname, join, resolve } from "node:path";
import { describe, Failure } from "../../kit/failures.ts";
import { reachable } from "../../kit/hosts.ts";
import { jsonLog, type Log } from "../../kit/log.ts";
import { programVersion } from "../../kit/version.ts";
import type { CommandContext, Outcome } from "../command.ts";
import type { UpOptions } from "../commands/up.ts";
import type { Environment } from "../environment.ts";
import type { Printer } from "../printer.ts";
import { whyEnded } from "../service.ts";
import { copyDataFolder } from "../up/copy.ts";
import { type DataFolder, dataFolderOf, makeDataFolder } from "../up/data-folder.ts";
import { openLogFile } from "../up/log-file.ts";
import { type Machine, startMachine } from "../up/machine.ts";

const usual = {
  listen: { host: "127.0.0.1", port: 7443 },
  metrics: { host: "127.0.0.1", port: 7444 },
  pushgateway: { host: "127.0.0.1", port: 9091 },
};

/** What pods get of our surroundings: where programs, authorities and proxies are. */
const passedOn =
  /^(?:PATH|LANG|LC_ALL|TZ|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE|(?:https?|no|all)_proxy)$/i;

export async function up(context: CommandContext, options: UpOptions): Promise<Outcome> {
  const folder = dataFolderOf(context.environment, options.data);
  try {
    return await upIn(folder, context, options);
  } catch (error) {
    const failure = Failure.from(error);
    if (failure.code !== "disk-full") throw error;
    const hint = `free some space on the disk of ${options.copyTo ?? folder.path}; nothing that was acknowledged is lost`;
    throw new Failure("disk-full", failure.message, { cause: error, hint });
  }
}

async function upIn(folder: DataFolder, context: CommandContext, options: UpOptions): Promise<Outcome> {
  const { environment, printer, signal } = context;
  if (options.copyTo !== undefined)
    return await copy(context, folder, resolve(environment.workingFolder, options.copyTo));
  await makeDataFolder(folder);
  using log = openLog(folder, options.log ?? "file", printer);
  const machine = await startMachine({
    folder,
    listen: options.listen ?? usual.listen,
    metrics: options.metricsAddress ?? usual.metrics,
    pushgateway: options.pushgatewayAddress ?? usual.pushgateway,
    ...{ entry: [process.execPath, mainFile()], environment: podEnvironment(environment), version: programVersion() },
    log: log.log,
  });
  try {
    printer.lines(...greeting(machine, folder, options));
    printer.record({ url: machine.url, kubeconfig: folder.kubeconfig, data: folder.path, ...addresses(machine) });
    await Promise.race([machine.trouble, aborted(signal)]);
    printer.note("ending: running Jobs first");
  } finally {
    await machine[Symbol.asyncDispose]();
  }
  printer.note("all has ended; coldstream up goes on where it was");
  return whyEnded(signal);
}

async function copy({ printer, signal }: CommandContext, folder: DataFolder, to: string): Promise<Outcome> {
  await copyDataFolder(folder, to, { signal });
  printer.lines(`${folder.path} was copied to ${to}`, `  coldstream up --data ${quoted(to)}      goes on from there`);
  printer.record({ data: folder.path, copy: to });
  return undefined;
}

function addresses({ metricsPort, pushgateway }: Machine) {
  return { metricsPort: metricsPort ?? null, pushgatewayUrl: pushgateway.url };
}

function greeting(machine: Machine, folder: DataFolder, options: UpOptions): readonly string[] {
  const { pushgateway, metricsPort } = machine;
  const metricsHost = reachable((options.metricsAddress ?? usual.metrics).host);
  const { log = "file" } = options;
  return [
    `API server     ${machine.url}`,
    `kubeconfig     ${folder.kubeconfig}`,
    `metrics        http://${metricsHost}:${metricsPort}/metrics (also /livez, /readyz)`,
    `Pushgateway    ${pushgateway.url}${pushgateway.isOwn ? " (built in)" : ""}`,
    ...(log === "file" ? [`log            ${folder.log}`] : []),
    "",
    "In another terminal:",
    `  export KUBECONFIG=${quoted(folder.kubeconfig)}`,
    "  coldstream apply -f backup.yaml      Secret, Repository, AppBinding, BackupConfiguration",
    "  coldstream status                    what is backed up, when, and whether it went well",
    "Ctrl-C ends it with all that runs in it.",
  ];
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** This command line, as it runs: from its source or built. */
function mainFile(): string {
  return join(dirname(import.meta.dirname), basename(import.meta.filename).endsWith(".ts") ? "main.ts" : "main.js");
}

function podEnvironment({ variables }: Environment) {
  const given = Object.entries(variables).flatMap(([name, value]) =>
    value !== undefined && passedOn.test(name) ? [[name, value] as const] : [],
  );
  return { PATH: "/usr/local/bin:/usr/bin:/bin", ...Object.fromEntries(given) };
}

function openLog({ log }: DataFolder, where: "file" | "stderr", printer: Printer): Disposable & Logging {
  const clock = () => new Date();
  if (where === "stderr") {
    return { log: jsonLog((line) => process.stderr.write(line), clock), [Symbol.dispose]: () => undefined };
  }
  const file = openLogFile(log, (error) =>
    printer.warn(`${log} cannot be written: ${describe(error)}. Free some space on its disk; all goes on by itself`),
  );
  return { log: jsonLog(file.write, clock), [Symbol.dispose]: () => file[Symbol.dispose]() };
}

interface Logging {
  readonly log: Log;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}
