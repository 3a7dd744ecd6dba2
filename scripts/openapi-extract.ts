/**
 * Makes src/api/kubernetes.json anew: the types of Kubernetes that our documents embed, from the OpenAPI that Kubernetes
 * publishes with its source. `node scripts/openapi-extract.ts` needs Go, which checks what it downloads.
 *
 * Left out are descriptions (kubectl apply keeps the whole definition in one annotation of 256 KiB), defaults (the API
 * server would write them into users' documents; the pod gets them anyway) and list types (duplicates would be refused).
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const kubernetes = "v1.35.4";
const core = "io.k8s.api.core.v1.";
const meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

const wanted: readonly string[] = [
  ...["Affinity", "ContainerPort", "EnvFromSource", "EnvVar", "ExecAction", "HTTPGetAction", "Lifecycle"],
  ...["LocalObjectReference", "PersistentVolumeClaimSpec", "PersistentVolumeClaimStatus"],
  ...["PodReadinessGate", "PodSecurityContext", "Probe", "ResourceRequirements", "SecurityContext"],
  ...["TCPSocketAction", "Toleration", "TopologySpreadConstraint", "Volume", "VolumeDevice", "VolumeMount"],
].map((name) => core + name);

/** What a template's metadata may say; the rest is written by the API server. */
const templateMetadata = [
  "name",
  "generateName",
  "namespace",
  "labels",
  "annotations",
  "finalizers",
  "ownerReferences",
];

/** Kubernetes' own pattern for amounts such as 1Gi or 200m. */
const quantity = String.raw`^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$`;

interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
}

const special: Readonly<Record<string, object>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": { "x-kubernetes-int-or-string": true, pattern: quantity },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": { "x-kubernetes-int-or-string": true },
};

function resolve(schemas: Readonly<Record<string, Schema>>, schema: Schema, above: readonly string[]): object {
  const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (reference === undefined) return copy(schemas, schema, above);
  const name = reference.replace("#/components/schemas/", "");
  // A type within itself has no end in a structural schema.
  if (above.includes(name)) return { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return special[name] ?? definition(schemas, name, above);
}

function definition(schemas: Readonly<Record<string, Schema>>, name: string, above: readonly string[] = []): object {
  const found = schemas[name];
  if (found === undefined) throw new Error(`Kubernetes ${kubernetes} has no ${name}`);
  return copy(schemas, name === `${meta}ObjectMeta` ? narrowed(found) : found, [...above, name]);
}

function narrowed(schema: Schema): Schema {
  const kept = Object.entries(schema.properties ?? {}).filter(([name]) => templateMetadata.includes(name));
  return { ...schema, properties: Object.fromEntries(kept) };
}

function copy(schemas: Readonly<Record<string, Schema>>, schema: Schema, above: readonly string[]): object {
  const { type, format, properties, required, items, additionalProperties } = schema;
  if (type === undefined) throw new Error(`no type below ${above.join(" > ")}`);
  const each = (inner: Schema) => resolve(schemas, inner, above);
  return {
    type,
    ...(format === undefined ? {} : { format }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, each(inner)])) }),
    ...(required === undefined ? {} : { required: [...required].sort() }),
    ...(items === undefined ? {} : { items: each(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: each(additionalProperties) }),
  };
}

const module = JSON.parse(
  execFileSync("go", ["mod", "download", "-json", `k8s.io/kubernetes@${kubernetes}`], { encoding: "utf8" }),
);
const source = readFileSync(join(module.Dir, "api/openapi-spec/v3/api__v1_openapi.json"), "utf8");
const { schemas } = JSON.parse(source).components;
const extract = [...wanted, `${meta}LabelSelector`, `${meta}OwnerReference`].map(
  (name) => [name.replace(/^.*\./, ""), definition(schemas, name)] as const,
);
const byName = extract.sort(([a], [b]) => (a < b ? -1 : 1));
const target = join(import.meta.dirname, "../src/api/kubernetes.json");
writeFileSync(target, JSON.stringify(Object.fromEntries(byName)));
execFileSync(join(import.meta.dirname, "../node_modules/.bin/biome"), ["format", "--write", target]);
