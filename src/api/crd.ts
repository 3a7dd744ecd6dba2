import { documents } from "./documents.ts";
import { type Kind, type KindEntry, kinds } from "./kinds.ts";
import { type StructuralSchema, toStructural, type ValidationRule } from "./structural.ts";

/** The CustomResourceDefinitions, in the order of `kinds`. `coldstream crds` and deploy/crds hold them as YAML. */
export function crds(): readonly Crd[] {
  return (Object.keys(kinds) as Kind[]).map(crdOf);
}

export type Crd = ReturnType<typeof crdOf>;

/** What a kind is in `kubectl explain`. */
const meanings: Readonly<Record<Kind, string>> = {
  AppBinding: "How to reach a NATS account: address, credentials, certificates.",
  BackupBatch: "Several targets that are backed up together.",
  BackupBlueprint: "What an AppBinding gets that asks for backups by an annotation.",
  BackupConfiguration: "What is backed up, when, where to, and what is kept.",
  BackupSession: "One run of a BackupConfiguration or BackupBatch.",
  Function: "One container of a backup or restore Job.",
  Repository: "Where backups lie.",
  RestoreBatch: "Several targets that are restored together.",
  RestoreSession: "One restore.",
  Snapshot: "A snapshot in a Repository.",
  Task: "The Functions that a backup or restore consists of.",
};

/** A restore runs once: changing what it should have done would say nothing about what it did. */
const immutableSpecs: ReadonlySet<Kind> = new Set(["RestoreSession"]);
export const immutableSpec: ValidationRule = {
  rule: "self == oldSelf",
  message: "cannot be changed; make a new object instead",
};

export function hasImmutableSpec(kind: Kind): boolean {
  return immutableSpecs.has(kind);
}

function crdOf(kind: Kind) {
  const { group, version, plural, shortNames, categories, scope, statusSubresource, columns }: KindEntry = kinds[kind];
  const singular = kind.toLowerCase();
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}`, labels: { "app.kubernetes.io/name": "coldstream" } },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        ...(shortNames.length === 0 ? {} : { shortNames }),
        categories,
      },
      scope,
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schemaOf(kind) },
          subresources: statusSubresource ? { status: {} } : {},
          additionalPrinterColumns: columns,
        },
      ],
    },
  };
}

function schemaOf(kind: Kind): StructuralSchema {
  // Names and labels are the API server's own business.
  const { metadata: _, apiVersion: _version, kind: _kind, ...fields } = documents[kind].shape;
  const properties = Object.entries(fields).map(([name, field]) => {
    const schema = toStructural(field);
    return [name, name === "spec" && hasImmutableSpec(kind) ? immutable(schema) : schema] as const;
  });
  return {
    type: "object",
    description: meanings[kind],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      ...Object.fromEntries(properties),
    },
    ...("spec" in fields && !fields.spec.safeParse(undefined).success ? { required: ["spec"] } : {}),
  };
}

function immutable(schema: StructuralSchema): StructuralSchema {
  return { ...schema, "x-kubernetes-validations": [...(schema["x-kubernetes-validations"] ?? []), immutableSpec] };
}
