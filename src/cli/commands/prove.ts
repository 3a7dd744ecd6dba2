import { defineCommand } from "../command.ts";
import type { Values } from "../option.ts";
import { text } from "../option.ts";
import { repositoryOptions } from "../options/repository.ts";
import { targetOption } from "../options/target.ts";

export const proveOptions = {
  staging: text("--staging <dir>", "folder for the scratch server (COLDSTREAM_STAGING; default: TMPDIR)", {
    complete: "folder",
  }),
  target: targetOption("look for latest among the snapshots of this target"),
  ...repositoryOptions,
};
export type ProveOptions = Values<typeof proveOptions>;

export const proveCommand = defineCommand({
  name: "prove",
  description:
    "Starts a scratch nats-server on this machine, restores a snapshot into it, reads every message back and compares " +
    "digests, counts and consumers. The evidence is kept in the repository; list it with: coldstream proofs",
  operands: [{ name: "SNAPSHOT", help: "id or its beginning, or latest (the default)" }],
  options: proveOptions,
  examples: [
    { line: "coldstream prove", what: "the latest snapshot" },
    { line: "coldstream prove 1a2b3c4d --staging /mnt/large", what: "an older one, with room for its streams" },
  ],
  run: async (context, options, operands) =>
    await (await import("../actions/prove.ts")).proveSnapshot(context, options, operands),
});
