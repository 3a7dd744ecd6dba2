import { defineCommand } from "../command.ts";
import type { Values } from "../option.ts";
import { text } from "../option.ts";
import { natsOptions } from "../options/nats.ts";
import { placeOptions } from "../options/repository.ts";

export const tryOptions = {
  staging: text("--staging <dir>", "folder for what is on its way (COLDSTREAM_STAGING; default: TMPDIR)", {
    complete: "folder",
  }),
  ...natsOptions,
  ...placeOptions,
};
export type TryOptions = Values<typeof tryOptions>;

export const tryCommand = defineCommand({
  name: "try",
  description:
    "Shows on your own data what Coldstream does: lists what the server has, makes a repository in ./coldstream-repo " +
    "(password in ./coldstream-repo.password), saves every stream, restores the copy into a scratch server and compares " +
    "every message. The server is only read. Running it again saves what changed.",
  operands: [{ name: "SERVER", help: "nats://host:port; none: as for the other commands" }],
  options: tryOptions,
  examples: [
    { line: "coldstream try nats://127.0.0.1:4222", what: "a server of this machine" },
    {
      line: "coldstream try tls://nats.example.com --creds me.creds --repo /backups/nats",
      what: "another, and where to",
    },
  ],
  run: async (context, options, operands) =>
    await (await import("../actions/try.ts")).tryServer(context, options, operands),
});
