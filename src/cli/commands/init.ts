import { defineCommand } from "../command.ts";
import type { Values } from "../option.ts";
import { repositoryOptions } from "../options/repository.ts";

export const initOptions = repositoryOptions;
export type InitOptions = Values<typeof initOptions>;

export const initCommand = defineCommand({
  name: "init",
  description: "Makes an empty repository. Keep its password safe: without it nothing in it can be read.",
  options: initOptions,
  examples: [
    { line: "coldstream init --repo /backups/nats --repo-password-file ./password", what: "in a folder" },
    { line: "coldstream init --repo s3:https://s3.example.com/nats", what: "in a bucket; password in RESTIC_PASSWORD" },
  ],
  run: async (context, options) => await (await import("../actions/init.ts")).makeRepository(context, options),
});
