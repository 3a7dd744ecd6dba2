import { Failure } from "../../kit/failures.ts";
import { parseDuration } from "../../kit/quantities.ts";
import { list, oneOf, parsed, text, toggle, underHeading, type Values } from "../option.ts";
import { kubeOptions } from "./kube.ts";

/** Which cluster, which namespace, and as whom: for the commands that read and write its objects. */
export const clusterOptions = underHeading("Kubernetes:", {
  namespace: text("-n, --namespace <name>", "default: the context's, else default"),
  ...kubeOptions,
  context: text("--context <name>", "kubectl's spelling of --kube-context"),
});
export type ClusterOptions = Values<typeof clusterOptions>;

/** Kinds that completion offers. */
export const kindWords: readonly string[] = [
  ...["backupconfigurations", "backupsessions", "restoresessions", "repositories", "snapshots", "appbindings"],
  ...["backupblueprints", "backupbatches", "restorebatches", "tasks", "functions", "secrets", "configmaps"],
  ...["namespaces", "cronjobs", "jobs", "pods", "events", "persistentvolumeclaims"],
];

export const waitLimit = parsed("--timeout <duration>", "how long to wait at most, as 90s or 10m", parseDuration);

/** Objects in files. */
export const fileOptions = {
  filename: list(
    "-f, --filename <file>",
    "YAML or JSON, a folder of such files, or - (standard input); repeatable",
    readSource,
    {
      complete: "file",
    },
  ),
};

export const selectionOptions = {
  selector: text("-l, --selector <labels>", "only those with these labels, as team=a or 'team in (a,b)'"),
};

/** What is sent, but not kept. */
export const dryRunOption = oneOf("--dry-run <who>", "change nothing: client only compares, server checks too", [
  "client",
  "server",
]);

export const allNamespaces = toggle("-A, --all-namespaces", "of every namespace");

/** In place of the usual formats. */
export function formatOption<const Word extends string>(help: string, words: readonly [Word, ...Word[]]) {
  return underHeading("Output:", { output: oneOf("-o, --output <format>", help, words) });
}

function readSource(given: string): string {
  if (given === "") throw new Failure("usage", "a file must be named");
  if (/^https?:\/\//.test(given)) {
    throw new Failure(
      "usage",
      `${JSON.stringify(given)} is an address, and nothing is applied that was not looked at`,
      {
        hint: "download it first, then give the file",
      },
    );
  }
  return given;
}
