import type { Failure } from "../kit/failures.ts";
import type { Environment } from "./environment.ts";
import { type Given, type Options, readValues, type Values } from "./option.ts";
import type { Printer } from "./printer.ts";

/** What every command is given besides its own options. */
export interface CommandContext {
  readonly environment: Environment;
  readonly printer: Printer;
  readonly signal: AbortSignal;
  /** Asks a person; false without a terminal. */
  readonly confirm: (question: string) => Promise<"yes" | "no" | "no-terminal">;
}

/** What is still wrong after the command showed its result (done in part, not proven); sets the exit status. */
export type Outcome = Failure | undefined;

export interface Operand {
  readonly name: string;
  readonly help: string;
  readonly required?: boolean;
  readonly many?: boolean;
  /** What completion offers for it; others may be given. */
  readonly words?: readonly string[];
}

export interface Example {
  readonly line: string;
  readonly what: string;
}

interface CommandFrame {
  readonly name: string;
  /** More than the summary of the list of commands; shown in the command's own help. */
  readonly description: string;
  readonly operands?: readonly Operand[];
  readonly examples: readonly Example[];
}

/** A command with the types of its options forgotten: what the program needs to offer and run it. */
export interface Command extends CommandFrame {
  readonly options: Options;
  run(context: CommandContext, given: Given, operands: readonly string[]): Promise<Outcome>;
}

export interface CommandDefinition<Table extends Options> extends CommandFrame {
  readonly options: Table;
  readonly run: (context: CommandContext, options: Values<Table>, operands: readonly string[]) => Promise<Outcome>;
}

export function defineCommand<Table extends Options>(definition: CommandDefinition<Table>): Command {
  return {
    ...definition,
    run: async (context, given, operands) =>
      await definition.run(context, readValues(definition.options, given), operands),
  };
}
