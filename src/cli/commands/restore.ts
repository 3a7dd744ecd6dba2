import { Failure } from "../../kit/failures.ts";
import { defineCommand } from "../command.ts";
import { list, oneOf, text, toggle, type Values, whole } from "../option.ts";
import { natsOptions } from "../options/nats.ts";
import { repositoryOptions } from "../options/repository.ts";
import { targetOption } from "../options/target.ts";

export const restoreOptions = {
  all: toggle("--all", "every stream of the snapshot"),
  snapshot: text("--snapshot <id>", "which snapshot, or latest (the default)"),
  target: targetOption("look for latest among the snapshots of this target"),
  dryRun: toggle("-n, --dry-run", "show what would be done, and stop"),
  onConflict: oneOf("--on-conflict <policy>", "when the stream exists: fail (default), skip, overwrite, rename", [
    "fail",
    "skip",
    "overwrite",
    "rename",
  ]),
  inPlace: toggle("--in-place", "overwrite without room for two: deletes the old stream before the new one is there"),
  finish: toggle("--finish", "finish overwrites that were interrupted; needs no repository"),
  yes: toggle("-y, --yes", "overwrite without asking"),
  rename: list("--rename <old=new>", "restore a stream under another name; may be repeated", readRename),
  replicas: whole("--replicas <n>", "copies in the cluster, instead of what was saved", { min: 1, max: 5 }),
  storage: oneOf("--storage <kind>", "file: restore memory streams as file streams", ["file"]),
  liftLimits: toggle("--lift-limits", "lift the maximum age, so that old messages stay"),
  parallel: whole("--parallel <n>", "streams read and checked at the same time (default 4)", { min: 1, max: 64 }),
  ...natsOptions,
  ...repositoryOptions,
};
export type RestoreOptions = Values<typeof restoreOptions>;

export const restoreCommand = defineCommand({
  name: "restore",
  description:
    "Brings streams back with their configuration and consumers. What would be done is decided first; when one stream " +
    "cannot be restored, nothing is changed. Existing streams are touched only by --on-conflict overwrite, which shows " +
    "what goes and asks; the old stream stays until the new one is proven beside it.",
  operands: [{ name: "STREAM", help: "streams to restore; or --all", many: true }],
  options: restoreOptions,
  examples: [
    { line: "coldstream restore --all --dry-run", what: "what would be done" },
    { line: "coldstream restore ORDERS", what: "from the latest snapshot" },
    { line: "coldstream restore ORDERS --on-conflict overwrite", what: "over the living one" },
    { line: "coldstream restore --rename ORDERS=ORDERS_OLD --snapshot 1a2b3c4d", what: "beside the living one" },
  ],
  run: async (context, options, operands) =>
    options.finish
      ? await (await import("../actions/finish-restore.ts")).finishRestores(context, options, operands)
      : await (await import("../actions/restore.ts")).bringBack(context, options, operands),
});

/** `OLD=NEW`. */
export function readRename(given: string): readonly [string, string] {
  const [, before = "", after = ""] = /^([^=]+)=([^=]+)$/.exec(given) ?? [];
  if (before !== "" && after !== "") return [before, after];
  throw new Failure("usage", `${JSON.stringify(given)} does not look like OLD=NEW`);
}
