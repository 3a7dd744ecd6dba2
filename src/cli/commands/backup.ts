import { defineCommand } from "../command.ts";
import type { Values } from "../option.ts";
import { text, toggle, whole } from "../option.ts";
import { natsOptions } from "../options/nats.ts";
import { repositoryOptions } from "../options/repository.ts";
import { targetOption } from "../options/target.ts";

export const backupOptions = {
  init: toggle("--init", "make the repository when there is none"),
  parallel: whole("--parallel <n>", "streams saved at the same time (default 4)", { min: 1, max: 64 }),
  staging: text("--staging <dir>", "folder for what is on its way (COLDSTREAM_STAGING; default: TMPDIR)", {
    complete: "folder",
  }),
  target: targetOption("name of this server and account in the repository (default: from its address)"),
  dryRun: toggle("-n, --dry-run", "show what would be saved, and stop"),
  prove: toggle("--prove", "then restore it into a scratch server and compare every message"),
  ...natsOptions,
  ...repositoryOptions,
};
export type BackupOptions = Values<typeof backupOptions>;

export const backupCommand = defineCommand({
  name: "backup",
  description:
    "Saves streams, their configuration and their consumers as one snapshot. A snapshot is complete only when what was " +
    "stored equals the state of each stream at one stated moment; anything else is said, and ends with status 3.",
  operands: [{ name: "STREAM", help: "streams to save; none: every stream of the account", many: true }],
  options: backupOptions,
  examples: [
    { line: "coldstream backup", what: "every stream of the account" },
    { line: "coldstream backup ORDERS KV_settings --prove", what: "two of them, and prove that they come back" },
    { line: "coldstream backup --dry-run --json", what: "what would be saved, for a script" },
  ],
  run: async (context, options, operands) =>
    await (await import("../actions/backup.ts")).backUp(context, options, operands),
});
