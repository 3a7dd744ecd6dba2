import { defineCommand } from "../command.ts";
import { parsed, toggle, type Values } from "../option.ts";
import { clusterOptions, kindWords, selectionOptions, waitLimit } from "../options/cluster.ts";
import { parseWish } from "../wished-state.ts";

export const waitOptions = {
  for: parsed("--for <state>", "condition=X[=STATUS], phase=X, jsonpath={.PATH}[=VALUE], delete or create", parseWish),
  timeout: { ...waitLimit, help: "how long at most, as 90s or 10m; default 30s" },
  ...selectionOptions,
  all: toggle("--all", "every one of this kind in the namespace"),
  ...clusterOptions,
};
export type WaitOptions = Values<typeof waitOptions>;

export const waitCommand = defineCommand({
  name: "wait",
  description:
    "Waits until objects are as wanted. It does not wait for what cannot come any more: a session that has Failed never " +
    "succeeds (exit status 1). When time is up the exit status is 16. JSON: {met: [{kind, name}]}.",
  operands: [
    { name: "KIND", help: "which kind, or KIND/NAME", required: true, words: kindWords },
    { name: "NAME", help: "which of them", many: true },
  ],
  options: waitOptions,
  examples: [
    {
      line: "coldstream wait bc/sample-nats-backup -n demo --for=phase=Ready --timeout=1m",
      what: "until it can run",
    },
    {
      line: "coldstream wait restoresession/back -n demo --for=phase=Succeeded --timeout=10m",
      what: "until it is done",
    },
    {
      line: "coldstream wait bc/sample-nats-backup -n demo --for=condition=RepositoryFound",
      what: "until a condition is True",
    },
  ],
  run: async (context, options, operands) =>
    await (await import("../actions/wait.ts")).waitForObjects(context, options, operands),
});
