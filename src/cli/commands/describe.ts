import { defineCommand } from "../command.ts";
import type { Values } from "../option.ts";
import { clusterOptions, kindWords } from "../options/cluster.ts";

export const describeOptions = clusterOptions;
export type DescribeOptions = Values<typeof describeOptions>;

export const describeCommand = defineCommand({
  name: "describe",
  description:
    "Says in words how one object stands: what matters of it, what became of each stream of a session, its conditions and " +
    "events, and what to do next. Values of Secrets are not shown. JSON: {object, events, streams, next}.",
  operands: [
    { name: "KIND", help: "which kind, or KIND/NAME", required: true, words: kindWords },
    { name: "NAME", help: "which of them" },
  ],
  options: describeOptions,
  examples: [
    { line: "coldstream describe bc sample-nats-backup -n demo", what: "why does it not run?" },
    { line: "coldstream describe restoresession/orders-back -n demo", what: "what came of a restore?" },
  ],
  run: async (context, options, operands) =>
    await (await import("../actions/describe.ts")).describeObject(context, options, operands),
});
