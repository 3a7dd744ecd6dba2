import { defineCommand } from "../command.ts";
import type { Values } from "../option.ts";
import { repositoryOptions } from "../options/repository.ts";
import { targetOption } from "../options/target.ts";

export const showOptions = {
  target: targetOption("look for latest among the snapshots of this target"),
  ...repositoryOptions,
};
export type ShowOptions = Values<typeof showOptions>;

export const showCommand = defineCommand({
  name: "show",
  description: "Shows what a snapshot holds: streams, their state and digest, consumers, and how exact they are.",
  operands: [{ name: "SNAPSHOT", help: "id or its beginning, or latest (the default)" }],
  options: showOptions,
  examples: [
    { line: "coldstream show", what: "the latest snapshot" },
    { line: "coldstream show 1a2b3c4d --json", what: "everything about one, for a script" },
  ],
  run: async (context, options, operands) =>
    await (await import("../actions/show.ts")).showSnapshot(context, options, operands),
});
