import { CommanderError, Command as ParserCommand, Option as ParserOption } from "commander";
import { Failure } from "../kit/failures.ts";
import type { Command } from "./command.ts";
import type { CommandEntry } from "./commands.ts";
import { type Given, longName, type Option, type Options } from "./option.ts";
import { outputOptions } from "./options/output.ts";

/** The command line's grammar and help. The only file that knows the parser library. */

export interface ParseOptions {
  readonly commands: readonly CommandEntry[];
  readonly version: string;
  readonly columns: number | undefined;
}

export type Parsed =
  | { readonly kind: "run"; readonly command: Command; readonly given: Given; readonly operands: readonly string[] }
  | { readonly kind: "help"; readonly text: string; readonly exit: 0 | 2 };

/** Reads arguments that begin with the command's name (arrange.ts). Throws `usage` with one sentence. */
export async function parse(argv: readonly string[], options: ParseOptions): Promise<Parsed> {
  let text = "";
  let parsed: Parsed | undefined;
  const program = createProgram(options);
  program.configureOutput({
    writeOut: (written) => {
      text += written;
    },
    writeErr: () => {},
    getOutHelpWidth: () => Math.min(options.columns ?? 100, 120),
    getOutHasColors: () => false,
  });
  const entry = options.commands.find(({ name }) => name === argv[0]);
  for (const each of options.commands) {
    const stub = program
      .command(each.name)
      .summary(each.summary)
      .helpGroup(each.heading)
      .copyInheritedSettings(program);
    if (each !== entry) continue;
    const command = await each.load();
    furnish(stub, command);
    stub.action((..._arguments: unknown[]) => {
      parsed = { kind: "run", command, given: givenOf(stub, allOptions(command)), operands: stub.args };
    });
  }
  if (argv.length === 0) return { kind: "help", text: program.helpInformation(), exit: 2 };
  try {
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "help", text, exit: 0 };
    throw usageFailure(error, entry?.name);
  }
  if (parsed === undefined) throw new Failure("usage", "no command given");
  return parsed;
}

/** What completion scripts are made of. */
export interface CommandOutline {
  readonly name: string;
  readonly summary: string;
  readonly operands: readonly string[];
  /** For the first operand. */
  readonly words: readonly string[];
  readonly options: readonly OptionOutline[];
}
export interface OptionOutline {
  readonly long: string;
  readonly short: string | undefined;
  readonly help: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  readonly complete: "file" | "folder" | undefined;
}

export async function outline(commands: readonly CommandEntry[]): Promise<CommandOutline[]> {
  return await Promise.all(
    commands.map(async (entry) => {
      const command = await entry.load();
      const parser = furnish(new ParserCommand(entry.name), command);
      const declared = new Map(Object.values(allOptions(command)).map((option) => [longName(option.flags), option]));
      const visibleOptions = parser.createHelp().visibleOptions(parser);
      return {
        name: entry.name,
        summary: entry.summary,
        operands: parser.registeredArguments.map((argument) => argument.name()),
        words: command.operands?.[0]?.words ?? [],
        options: visibleOptions.map((option) => outlineOption(option, declared.get(option.long ?? ""))),
      };
    }),
  );
}

function outlineOption(option: ParserOption, declared: Option<unknown> | undefined): OptionOutline {
  return {
    long: option.long ?? "",
    short: option.short ?? undefined,
    help: option.description,
    takesValue: option.required,
    choices: declared?.choices ?? [],
    complete: declared?.complete,
  };
}

function createProgram({ version }: ParseOptions): ParserCommand {
  const program = new ParserCommand("coldstream");
  program
    .description("Backup and restore for NATS JetStream that proves what it saved.")
    .usage("COMMAND [options]")
    .version(`coldstream ${version}`, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .addHelpCommand(new ParserCommand("help").summary("help for a command, or: help exit").helpGroup("More:"))
    .configureHelp({ showGlobalOptions: false, subcommandTerm: (command) => command.name() })
    .exitOverride()
    .addHelpText("after", `\n${programEpilog.join("\n")}`);
  return program;
}

const programEpilog = [
  "Examples:",
  "  coldstream try nats://127.0.0.1:4222                 see it work, in one command",
  "  coldstream backup --repo /backups/nats --init        save every stream",
  "  coldstream restore --all --dry-run                   what a restore would do",
  "",
  "Settings come from options, then variables (NATS_URL, RESTIC_REPOSITORY, RESTIC_PASSWORD, ...), then a profile.",
  "Exit statuses: 0 done, 1 failed, 2 wrong use, 3 done in part, 4 refused, 5 damaged or not proven, 10-16, 20, 21,",
  "130 interrupted; all of them with: coldstream help exit",
];

/** Gives a command of the parser the operands, options and examples of ours. */
function furnish(parser: ParserCommand, command: Command): ParserCommand {
  parser.description(command.description);
  parser.helpOption("-h, --help", "show help");
  for (const operand of command.operands ?? []) {
    const name = operand.many === true ? `${operand.name}...` : operand.name;
    parser.argument(operand.required === true ? `<${name}>` : `[${name}]`, operand.help);
  }
  for (const option of Object.values(allOptions(command))) {
    const added = new ParserOption(option.flags, option.help).hideHelp(option.hidden === true);
    if (option.heading !== undefined) added.helpGroup(option.heading);
    if (added.required)
      added.argParser((text: string, before: unknown) => [...(Array.isArray(before) ? before : []), text]);
    parser.addOption(added);
  }
  const longest = Math.max(0, ...command.examples.map(({ line }) => line.length));
  const examples = command.examples.map(({ line, what }) => `  ${line.padEnd(longest)}  ${what}`);
  return parser.addHelpText("after", ["", "Examples:", ...examples].join("\n"));
}

/** A command may know more formats than the usual ones. */
export function allOptions({ options }: Command): Options {
  const { output = outputOptions.output, ...own } = options;
  return { ...own, ...outputOptions, output };
}

function givenOf(parser: ParserCommand, options: Options): Given {
  const entries: [string, readonly string[]][] = [];
  for (const [name, option] of Object.entries(options)) {
    const attribute = parser.options.find((candidate) => candidate.long === longName(option.flags))?.attributeName();
    const value: unknown = attribute === undefined ? undefined : parser.getOptionValue(attribute);
    if (value === true) entries.push([name, ["true"]]);
    else if (Array.isArray(value)) entries.push([name, value.map(String)]);
  }
  return Object.fromEntries(entries);
}

/** `error: unknown option '--jsn'\n(Did you mean --json?)` as a sentence and a hint. */
function usageFailure(error: CommanderError, command: string | undefined): Failure {
  const [sentence = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const didYouMean = /^\(Did you mean (.*)\?\)$/.exec(suggestion ?? "")?.[1];
  const message = sentence
    .replace(/\.$/, "")
    .replace(". Expected", ": expected")
    .replace(/, did you mean.*$/, "");
  return new Failure("usage", message, {
    hint: didYouMean === undefined ? helpHint(command) : `did you mean ${didYouMean}? see: ${helpCommand(command)}`,
  });
}

function helpCommand(command: string | undefined): string {
  return command === undefined ? "coldstream help" : `coldstream help ${command}`;
}

function helpHint(command: string | undefined): string {
  return `see: ${helpCommand(command)}`;
}
