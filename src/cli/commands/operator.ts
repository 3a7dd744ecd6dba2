import { Failure } from "../../kit/failures.ts";
import { unbracketed } from "../../kit/hosts.ts";
import { defineCommand } from "../command.ts";
import { list, oneOf, parsed, text, underHeading, type Values } from "../option.ts";
import { kubeOptions } from "../options/kube.ts";

export const operatorOptions = {
  ...underHeading("Jobs:", {
    image: text("--image <ref>", "image of coldstream, which Jobs run (COLDSTREAM_IMAGE)"),
    pullSecret: list(
      "--pull-secret <name>",
      "Secret beside the operator to pull the image with; repeatable",
      (name) => name,
    ),
  }),
  ...underHeading("Metrics:", {
    pushgatewayUrl: text("--pushgateway-url <url>", "Pushgateway, as Jobs reach it"),
    operatorPushgatewayUrl: text("--operator-pushgateway-url <url>", "as the operator reaches it; default: likewise"),
    metricsAddress: parsed(
      "--metrics-address <host:port>",
      "serve /metrics, /livez and /readyz there (in a pod: 0.0.0.0:8080)",
      readAddress,
    ),
  }),
  namespace: text("-n, --namespace <name>", "the operator's own (POD_NAMESPACE; default: the account's or context's)"),
  leaderElection: oneOf("--leader-election <word>", "off: this is the only one, and asks for no Lease", ["on", "off"]),
  ...kubeOptions,
};
export type OperatorOptions = Values<typeof operatorOptions>;

export const operatorCommand = defineCommand({
  name: "operator",
  description:
    "Runs the operator until it is told to end: it makes what BackupConfigurations, BackupSessions, RestoreSessions and " +
    "Repositories ask for. Two may run; one of them works. Standard error gets the log, one JSON document a line.",
  options: operatorOptions,
  examples: [
    { line: "coldstream operator --image registry.example.com/coldstream:1.0", what: "in a pod, as its own account" },
    {
      line: "coldstream operator --kubeconfig ~/.kube/config --image coldstream:dev --leader-election off",
      what: "beside a cluster, to try things out",
    },
  ],
  run: async (context, options) => await (await import("../actions/operator.ts")).runOperatorHere(context, options),
});

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `0.0.0.0:8080`, `[::]:8080`, `:8080`. */
export function readAddress(given: string): Address {
  const [, host = "", digits = ""] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]*):(\d{1,5})$/.exec(given) ?? [];
  if (digits !== "" && Number(digits) <= 65_535)
    return { host: host === "" ? "0.0.0.0" : unbracketed(host), port: Number(digits) };
  throw new Failure("usage", `${JSON.stringify(given)} is no address to listen on`, {
    hint: "addresses look like 0.0.0.0:8080, [::]:8080 or :8080",
  });
}
