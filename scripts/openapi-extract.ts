/**
 * Makes src/api/kubernetes.json and src/local/openapi.json anew from the OpenAPI that Kubernetes publishes with its source.
 * `node scripts/openapi-extract.ts` needs Go, which checks what it downloads.
 *
 * kubernetes.json: the types of Kubernetes that our documents embed. Left out are descriptions (kubectl apply keeps the whole
 * definition in one annotation of 256 KiB), defaults (the API server would write them into users' documents; the pod gets
 * them anyway) and list types (duplicates would be refused).
 *
 * openapi.json: the kinds of Kubernetes that our own API server serves, with all that they are made of, under Kubernetes'
 * names and with its descriptions, which `kubectl explain` shows. Left out are defaults that are Go's zero values, structs
 * apart: these are there even where nobody gave them.
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

/** Kinds of src/local/served.ts, and what is sent to their subresources: group -> kinds. */
const servedKinds: Readonly<Record<string, readonly string[]>> = {
  "authentication.v1": ["SelfSubjectReview", "TokenRequest"],
  "authorization.v1": ["SelfSubjectAccessReview", "SelfSubjectRulesReview"],
  "batch.v1": ["CronJob", "Job"],
  "coordination.v1": ["Lease"],
  "core.v1": [
    ...["Binding", "ConfigMap", "Endpoints", "Event", "Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim"],
    ...["Pod", "Secret", "Service", "ServiceAccount"],
  ],
  "rbac.v1": ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
  "storage.v1": ["StorageClass"],
};

/** Every schema that these names lead to, by name. */
function reachable(
  schemas: Readonly<Record<string, Schema>>,
  names: readonly string[],
): Readonly<Record<string, object>> {
  const found = new Map<string, object>();
  function visit(name: string): void {
    const schema = schemas[name];
    if (schema === undefined) throw new Error(`Kubernetes ${kubernetes} has no ${name}`);
    if (found.has(name)) return;
    const references: string[] = [];
    const kept = JSON.stringify(schema, (key, value) => {
      if (key === "$ref") references.push(value.replace("#/components/schemas/", ""));
      return key === "default" && isZero(value) ? undefined : value;
    });
    found.set(name, JSON.parse(kept));
    references.forEach(visit);
  }
  names.forEach(visit);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isZero(value: unknown): boolean {
  return ["", 0, false].some((zero) => value === zero);
}

function write(path: string, content: object): void {
  const target = join(import.meta.dirname, "..", path);
  writeFileSync(target, JSON.stringify(content));
  execFileSync(join(import.meta.dirname, "../node_modules/.bin/biome"), ["format", "--write", target]);
}

const module = JSON.parse(
  execFileSync("go", ["mod", "download", "-json", `k8s.io/kubernetes@${kubernetes}`], { encoding: "utf8" }),
);
function schemasOf(document: string): Readonly<Record<string, Schema>> {
  const file = join(module.Dir, `api/openapi-spec/v3/${document}_openapi.json`);
  return JSON.parse(readFileSync(file, "utf8")).components.schemas;
}
const coreSchemas = schemasOf("api__v1");
const extract = [...wanted, `${meta}LabelSelector`, `${meta}OwnerReference`].map(
  (name) => [name.replace(/^.*\./, ""), definition(coreSchemas, name)] as const,
);
write("src/api/kubernetes.json", Object.fromEntries(extract.sort(([a], [b]) => (a < b ? -1 : 1))));

const apis = [
  "authentication.k8s.io",
  "authorization.k8s.io",
  "batch",
  "coordination.k8s.io",
  "rbac.authorization.k8s.io",
];
const documents = ["api__v1", ...[...apis, "storage.k8s.io"].map((group) => `apis__${group}__v1`)];
const allSchemas = Object.assign({}, ...documents.map(schemasOf));
const names = Object.entries(servedKinds).flatMap(([group, kinds]) =>
  kinds.map((kind) => `io.k8s.api.${group}.${kind}`),
);
write("src/local/openapi.json", reachable(allSchemas, names));
