import { Failure, failureTable } from "../kit/failures.ts";
import { arrange, exitHelp } from "./arrange.ts";
import type { Command, CommandContext, Outcome } from "./command.ts";
import { commands } from "./commands.ts";
import type { Environment } from "./environment.ts";
import { exitStatusLines } from "./exit-statuses.ts";
import { type Given, type Options, readValues } from "./option.ts";
import { outputOptions } from "./options/output.ts";
import { createPrinter, type Printer, type PrinterOptions, type TextSink } from "./printer.ts";
import { allOptions, type Parsed, parse } from "./program.ts";

/** Everything a run of the command line touches; main.ts gives the process's own. */
export interface Host {
  readonly environment: Environment;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly signal: AbortSignal;
  readonly confirm: CommandContext["confirm"];
  readonly version: string;
}

/** Runs one command line. Never throws; resolves to the exit status. */
export async function run(argv: readonly string[], host: Host): Promise<number> {
  const format = asksForJson(argv) ? "json" : "text";
  let printer: Printer = createPrinter(host, { format, quiet: false, verbose: argv.includes("--verbose") });
  let command: string | undefined;
  try {
    const arranged = arrange(
      argv,
      commands.map(({ name }) => name),
    );
    if (arranged[0] === exitHelp) return showHelp(host, { kind: "help", text: exitHelpText(), exit: 0 });
    const parsed = await parse(arranged, { commands, version: host.version, columns: host.stdout.columns });
    if (parsed.kind === "help") return showHelp(host, parsed);
    command = parsed.command.name;
    printer = createPrinter(host, printerOptions(parsed.command, parsed.given));
    const { environment, signal, confirm } = host;
    const context: CommandContext = { environment, printer, signal, confirm };
    return conclude(await parsed.command.run(context, parsed.given, parsed.operands), printer);
  } catch (error) {
    return conclude(withCommandHelp(whyEnded(error, host.signal), command), printer);
  }
}

function conclude(outcome: Outcome, printer: Printer): number {
  printer.live(undefined);
  if (outcome === undefined) return 0;
  printer.failure(outcome);
  return outcome.exit;
}

/** After Ctrl-C whatever fell over in consequence (a killed restic, a closed connection) is an interruption. */
function whyEnded(error: unknown, signal: AbortSignal): Failure {
  if (signal.aborted) return new Failure("interrupted", "interrupted", { cause: error });
  return Failure.from(error);
}

function withCommandHelp(failure: Failure, command: string | undefined): Failure {
  if (command === undefined || failure.code !== "usage" || failure.hint !== failureTable.usage.hint) return failure;
  return new Failure("usage", failure.message, { cause: failure.cause, hint: `see: coldstream help ${command}` });
}

function showHelp(host: Host, { text, exit }: Extract<Parsed, { kind: "help" }>): number {
  (exit === 0 ? host.stdout : host.stderr).write(text.endsWith("\n") ? text : `${text}\n`);
  return exit;
}

function exitHelpText(): string {
  return exitStatusLines().join("\n");
}

function printerOptions(command: Command, given: Given): PrinterOptions {
  const { output: usual, ...switches } = outputOptions;
  const { json, quiet, verbose } = readValues(switches, given);
  const formats: Options = { output: allOptions(command)["output"] ?? usual };
  const output: unknown = readValues(formats, given)["output"];
  if (json && output !== undefined && output !== "json") {
    throw new Failure("usage", `--json and --output ${output} exclude each other`);
  }
  return { format: json || output === "json" ? "json" : "text", quiet, verbose };
}

/** Before anything is parsed: whether even a mistake in the options must be told as JSON. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end === -1 ? argv : argv.slice(0, end)).some(
    (argument, at) =>
      argument === "--json" ||
      argument === "--output=json" ||
      argument === "-ojson" ||
      (argument === "json" && (argv[at - 1] === "-o" || argv[at - 1] === "--output")),
  );
}
