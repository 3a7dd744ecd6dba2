import type { Options } from "./option.ts";
import { clusterOptions } from "./options/cluster.ts";
import { natsOptions } from "./options/nats.ts";
import { outputOptions } from "./options/output.ts";
import { repositoryOptions } from "./options/repository.ts";

const sharedOptions: Options = { ...natsOptions, ...clusterOptions, ...repositoryOptions, ...outputOptions };

export const exitHelp = "help exit";

/**
 * Puts the command's name first: `-r REPO snapshots` becomes `snapshots -r REPO`, `help backup` `backup --help`,
 * `help exit` the one word `exitHelp`. Options that no command shares stay, and are refused by the parser; so does a
 * command that does not exist, even where only its help is asked for.
 */
export function arrange(argv: readonly string[], names: readonly string[]): readonly string[] {
  const at = commandIndex(argv);
  const command = argv[at];
  if (command === undefined) return argv;
  const rest = [...argv.slice(0, at), ...argv.slice(at + 1)];
  if (command === "task") return [command, ...withRawFlags(rest)];
  if (command !== "help") return names.includes(command) ? [command, ...rest] : [command];
  const topic = rest.find((argument) => !argument.startsWith("-"));
  if (topic === undefined || topic === "help") return ["--help"];
  if (topic === "exit") return [exitHelp];
  return names.includes(topic) ? [topic, "--help"] : [topic];
}

/** What stands behind a task's name is for that program to read; only its help is asked for here. */
function withRawFlags(rest: readonly string[]): readonly string[] {
  const at = rest.findIndex((argument) => !argument.startsWith("-"));
  const isHelp = rest.some((argument) => argument === "--help" || argument === "-h");
  return at === -1 || isHelp ? rest : [...rest.slice(0, at + 1), "--", ...rest.slice(at + 1)];
}

function commandIndex(argv: readonly string[]): number {
  let at = 0;
  while (at < argv.length) {
    const argument = argv[at] ?? "";
    if (!argument.startsWith("-") || argument === "-" || argument === "--") return at;
    at += takesNext(argument) ? 2 : 1;
  }
  return at;
}

function takesNext(argument: string): boolean {
  const option = Object.values(sharedOptions).find(({ flags }) => flags.split(/[ ,]+/).includes(argument));
  return option?.flags.includes("<") ?? false;
}
