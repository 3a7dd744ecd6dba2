import type { AppBinding } from "../api/app-binding.ts";
import { providersOf } from "../api/backend.ts";
import type { TargetRef } from "../api/references.ts";
import type { Repository } from "../api/repository.ts";
import type { LabelsOf } from "./table.ts";

/** Whose figures these are. */
export interface InvokerFacts {
  /** BackupConfiguration, RestoreSession or a batch. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Name of the Repository. */
  readonly repository: string;
}

/** A target as dashboards know it. */
export interface TargetFacts {
  /** For an AppBinding the second half of its type, `nats`. */
  readonly kind: string;
  /** The first half, `nats.io`. */
  readonly group: string;
  readonly name: string;
}

type Base = LabelsOf<"stash_appscode_com_backupsession_success">;

export function invokerLabels({ kind, namespace, name, repository }: InvokerFacts): Base {
  return { invoker_kind: kind, invoker_name: name, namespace, driver: "Restic", repository };
}

/** The Pushgateway's group of an invoker, Stash's: `backupconfiguration-demo-sample-nats-backup`. */
export function pushJob({ kind, namespace, name }: Pick<InvokerFacts, "kind" | "namespace" | "name">): string {
  return `${kind.toLowerCase()}-${namespace}-${name}`;
}

/** `appBinding`: the one that `ref` names, while it is there. */
export function targetFacts(ref: TargetRef | undefined, appBinding: AppBinding | undefined): TargetFacts {
  const name = ref?.name ?? "";
  const type = appBinding?.spec.type;
  if (type !== undefined && type !== "") {
    const slash = type.lastIndexOf("/");
    return { kind: type.slice(slash + 1), group: type.slice(0, Math.max(slash, 0)), name };
  }
  const [group = "", version] = (ref?.apiVersion ?? "").split("/");
  return { kind: ref?.kind ?? "", group: version === undefined ? "" : group, name };
}

export function repositoryLabels(
  invoker: InvokerFacts,
  { metadata, spec }: Repository,
): LabelsOf<"stash_appscode_com_repository_integrity"> {
  const backend = spec.backend ?? {};
  const [provider = ""] = providersOf(backend);
  return {
    ...invokerLabels(invoker),
    ...{ name: metadata.name ?? "", namespace: metadata.namespace ?? invoker.namespace, backend: provider },
    ...(provider === "" ? {} : placeOf(backend, provider)),
  };
}

type Backend = NonNullable<Repository["spec"]["backend"]>;
type Provider = ReturnType<typeof providersOf>[number];

function placeOf(backend: Backend, provider: Provider): { readonly bucket?: string; readonly prefix?: string } {
  const { local, rest } = backend;
  if (provider === "local") return { bucket: local?.mountPath ?? "" };
  if (provider === "rest") {
    const url = URL.parse(rest?.url ?? "");
    return url === null ? {} : { bucket: url.host, prefix: url.pathname };
  }
  const place: { readonly bucket?: string; readonly container?: string; readonly prefix?: string | undefined } =
    backend[provider] ?? {};
  return { bucket: place.bucket ?? place.container ?? "", prefix: place.prefix ?? "" };
}
