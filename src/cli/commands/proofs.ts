import { defineCommand } from "../command.ts";
import type { Values } from "../option.ts";
import { repositoryOptions } from "../options/repository.ts";

export const proofsOptions = repositoryOptions;
export type ProofsOptions = Values<typeof proofsOptions>;

export const proofsCommand = defineCommand({
  name: "proofs",
  description:
    "Lists the proofs that the repository holds, oldest first: what was restored, when, and how it compared.",
  options: proofsOptions,
  examples: [
    { line: "coldstream proofs", what: "every proof" },
    { line: "coldstream proofs --json", what: "with the digests of every stream, for an auditor" },
  ],
  run: async (context, options) => await (await import("../actions/proofs.ts")).showProofs(context, options),
});
