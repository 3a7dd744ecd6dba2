import type { z } from "zod";
import extract from "./kubernetes.json" with { type: "json" };
import { fromStructural, type StructuralSchema, shapeOf } from "./structural.ts";

/**
 * Types of Kubernetes that our documents embed, from its own OpenAPI (`node scripts/openapi-extract.ts` makes the extract
 * anew). Checked in full; the TypeScript types name only what our own code looks at.
 */
const definitions: Readonly<Record<keyof typeof extract, StructuralSchema>> = extract;

type Name = keyof typeof extract;

/** Passed on as it was written. */
export type Opaque = Readonly<Record<string, unknown>>;

function core<T>(name: Name): z.ZodType<T, T> {
  return fromStructural(definitions[name]) as z.ZodType<T, T>;
}

/** An amount: 1Gi, 200m, or a bare number. */
export type Quantity = string | number;

export const LocalObjectReference = core<LocalObjectReference>("LocalObjectReference");
export type LocalObjectReference = { readonly name?: string };

export const LabelSelector = core<LabelSelector>("LabelSelector");
export type LabelSelector = {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
};

export const OwnerReference = core<OwnerReference>("OwnerReference");
export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
};

export const EnvVar = core<EnvVar>("EnvVar");
export type EnvVar = { readonly name: string; readonly value?: string; readonly valueFrom?: Opaque };

export const ResourceRequirements = core<ResourceRequirements>("ResourceRequirements");
export type ResourceRequirements = {
  readonly limits?: Readonly<Record<string, Quantity>>;
  readonly requests?: Readonly<Record<string, Quantity>>;
};

export const Volume = core<Volume>("Volume");
export type Volume = { readonly name: string } & Opaque;

export const VolumeMount = core<VolumeMount>("VolumeMount");
export type VolumeMount = {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly readOnly?: boolean;
};

export const VolumeDevice = core<VolumeDevice>("VolumeDevice");
export type VolumeDevice = { readonly name: string; readonly devicePath: string };

export const HTTPGetAction = core<HTTPGetAction>("HTTPGetAction");
export type HTTPGetAction = {
  readonly host?: string;
  readonly port: number | string;
  readonly path?: string;
  readonly scheme?: string;
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
};

export const TCPSocketAction = core<TCPSocketAction>("TCPSocketAction");
export type TCPSocketAction = { readonly host?: string; readonly port: number | string };

export const ExecAction = core<ExecAction>("ExecAction");
export type ExecAction = { readonly command?: readonly string[] };

export const PersistentVolumeClaimSpec = core<Opaque>("PersistentVolumeClaimSpec");
export const PersistentVolumeClaimStatus = core<Opaque>("PersistentVolumeClaimStatus");
export const Affinity = core<Opaque>("Affinity");
export const Toleration = core<Opaque>("Toleration");
export const TopologySpreadConstraint = core<Opaque>("TopologySpreadConstraint");
export const PodReadinessGate = core<Opaque>("PodReadinessGate");
export const PodSecurityContext = core<Opaque>("PodSecurityContext");
export const SecurityContext = core<Opaque>("SecurityContext");
export const ContainerPort = core<Opaque>("ContainerPort");
export const EnvFromSource = core<Opaque>("EnvFromSource");
export const Lifecycle = core<Opaque>("Lifecycle");
export const Probe = core<Opaque>("Probe");

const { name: _name, ...sources } = shapeOf(definitions.Volume);
/** The kinds of volume (nfs, hostPath, ...), for an object that holds one beside its own fields. */
export const volumeSources = sources;

/** An amount, where one stands alone. */
export const Quantity = fromStructural(
  definitions.ResourceRequirements.properties?.["limits"]?.additionalProperties ?? {},
) as z.ZodType<Quantity, Quantity>;
