import type { BackupConfiguration } from "../../api/backup-configuration.ts";
import { apiVersionOf } from "../../api/kinds.ts";
import type { RestoreSession } from "../../api/restore-session.ts";
import { Failure } from "../../kit/failures.ts";

/** What asks for backups, or for a restore. */
export type Invoker = BackupConfiguration | RestoreSession;

export interface TargetName {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** The invoker's, when it names none. */
  readonly namespace: string;
}

export function namespaceOf({ metadata }: { readonly metadata: { readonly namespace?: string | undefined } }): string {
  return metadata.namespace ?? "default";
}

/** For messages: `BackupConfiguration demo/nightly`. */
export function called(object: {
  readonly kind: string;
  readonly metadata: { readonly name?: string | undefined; readonly namespace?: string | undefined };
}): string {
  const { namespace, name = "" } = object.metadata;
  return `${object.kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

/** Throws `configuration-invalid` for an invoker without a target, or with one that is no AppBinding. */
export function targetOf(invoker: Invoker): TargetName {
  const { apiVersion, kind = "AppBinding", name = "", namespace } = invoker.spec.target?.ref ?? {};
  if (name === "") {
    throw new Failure("configuration-invalid", `${called(invoker)} names no target`, {
      hint: "set its spec.target.ref to the AppBinding of a NATS account",
    });
  }
  if (kind !== "AppBinding") {
    throw new Failure("configuration-invalid", `${called(invoker)}: its target is a ${kind}, not an AppBinding`);
  }
  return {
    apiVersion: apiVersion ?? apiVersionOf("AppBinding"),
    kind,
    name,
    namespace: namespace === undefined || namespace === "" ? namespaceOf(invoker) : namespace,
  };
}
