import kubernetes from "../../src/api/kubernetes.json" with { type: "json" };
import type { StructuralSchema } from "../../src/api/structural.ts";

/** One field of a kind, as the reference shows it. */
export interface Field {
  /** `spec.task.params[].name` */
  readonly path: string;
  readonly type: string;
  readonly default: string;
  readonly description: string;
}

/** Kubernetes' own types are named, not written out: its documentation has them. */
const definitions: ReadonlyMap<string, string> = new Map(
  Object.entries(kubernetes).map(([name, schema]) => [canonical(schema), name]),
);
const { name: _name, ...volumeSources } = kubernetes.Volume.properties;
const sources = Object.keys(volumeSources);

/** All fields below `schema`, parents first, in the order in which the source has them. */
export function fieldsOf(schema: StructuralSchema, path: string): readonly Field[] {
  const properties = Object.entries(schema.properties ?? {});
  const isVolume = sources.every((name) => schema.properties?.[name] !== undefined);
  const own = isVolume ? properties.filter(([name]) => !sources.includes(name)) : properties;
  const required = new Set(schema.required ?? []);
  const fields = own.flatMap(([name, inner]) => fieldWithOwn(inner, `${path}.${name}`, required.has(name)));
  return isVolume ? [...fields, volumeField(path)] : fields;
}

function fieldWithOwn(schema: StructuralSchema, path: string, isRequired: boolean): readonly Field[] {
  const { description = "", default: otherwise } = schema;
  const rules = (schema["x-kubernetes-validations"] ?? []).map(({ message }) => `It ${message}.`);
  const type = typeOf(schema);
  const field: Field = {
    path,
    type: isRequired ? `${type}, required` : type,
    default: otherwise === undefined ? "" : `\`${JSON.stringify(otherwise)}\``,
    description: [description, ...rules].filter((text) => text !== "").join(" "),
  };
  return [field, ...below(schema, path)];
}

function below(schema: StructuralSchema, path: string): readonly Field[] {
  if (definitionOf(schema) !== undefined) return [];
  if (schema.items !== undefined) return below(schema.items, `${path}[]`);
  if (schema.additionalProperties !== undefined) return [];
  return fieldsOf(schema, path);
}

function volumeField(path: string): Field {
  const description =
    "The volume: any source that a pod's volume may have, for example nfs, hostPath, persistentVolumeClaim.";
  return { path: `${path}.*`, type: "Volume", default: "", description };
}

function definitionOf({ description: _description, ...schema }: StructuralSchema): string | undefined {
  return definitions.get(canonical(schema));
}

/** The same text for the same schema, in whatever order its parts stand. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}

function typeOf(schema: StructuralSchema): string {
  const definition = definitionOf(schema);
  if (definition !== undefined) return definition;
  if (schema["x-kubernetes-int-or-string"] === true)
    return schema.pattern === undefined ? "integer or string" : "quantity";
  if (schema.items !== undefined) return `list of ${plural(typeOf(schema.items))}`;
  if (schema.additionalProperties !== undefined) return `map to ${plural(typeOf(schema.additionalProperties))}`;
  if (schema.enum !== undefined) return schema.enum.map((each) => `\`${each}\``).join(", ");
  return typeNames[schema.format ?? ""] ?? schema.type ?? "anything";
}

const typeNames: Readonly<Record<string, string>> = { "date-time": "time", byte: "base64" };

function plural(type: string): string {
  return /^[a-z]+$/.test(type) && type !== "base64" ? `${type}s`.replace(/ys$/, "ies") : type;
}
