import { defineCommand } from "../command.ts";
import { repositoryOptions } from "../options/repository.ts";
import { loadProfile } from "../profile.ts";
import { openNamedRepository } from "../repository-session.ts";
import { formatFields } from "../table.ts";
import { visible } from "../visible.ts";

export const initCommand = defineCommand({
  name: "init",
  description: "Makes an empty repository. Keep its password safe: without it nothing in it can be read.",
  options: repositoryOptions,
  examples: [
    { line: "coldstream init --repo /backups/nats --repo-password-file ./password", what: "in a folder" },
    { line: "coldstream init --repo s3:https://s3.example.com/nats", what: "in a bucket; password in RESTIC_PASSWORD" },
  ],
  async run(context, options) {
    const { printer, signal } = context;
    const repository = await openNamedRepository(context, options, await loadProfile(context, options));
    const { id } = await repository.initialize({ signal });
    printer.done(
      ...formatFields([
        ["repository", visible(repository.url)],
        ["id", id],
      ]),
    );
    printer.document({ repository: repository.url, id });
  },
});
