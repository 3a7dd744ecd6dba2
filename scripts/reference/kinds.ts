import { crds } from "../../src/api/crd.ts";
import type { Kind } from "../../src/api/kinds.ts";
import { fieldsOf } from "./fields.ts";
import { table } from "./table.ts";

/** Where a kind is explained. */
const concepts: Readonly<Record<Kind, string>> = {
  AppBinding: "appbinding",
  BackupBatch: "batches",
  BackupBlueprint: "backup-blueprint",
  BackupConfiguration: "backup-configuration",
  BackupSession: "backup-session",
  Function: "task-and-function",
  Repository: "repository",
  RestoreBatch: "batches",
  RestoreSession: "restore-session",
  Snapshot: "snapshot",
  Task: "task-and-function",
};

type Definition = ReturnType<typeof crds>[number];

/** docs/reference/<kind>.md, one a kind. */
export function kindPages(): readonly (readonly [string, string])[] {
  return crds().map((crd) => [`docs/reference/${crd.spec.names.singular}.md`, kindPage(crd)] as const);
}

function kindPage({ spec }: Definition): string {
  const { kind, plural, categories } = spec.names;
  const [version] = spec.versions;
  if (version === undefined) throw new Error(`${kind} has no version`);
  const { openAPIV3Schema: schema } = version.schema;
  const shortNames = "shortNames" in spec.names ? spec.names.shortNames : undefined;
  const names = [plural, spec.names.singular, ...(shortNames ?? [])].map((name) => `\`${name}\``);
  const columns = version.additionalPrinterColumns.map(({ name, jsonPath }) => [name.toUpperCase(), `\`${jsonPath}\``]);
  const { spec: wanted, status } = schema.properties ?? {};
  return [
    `# ${kind}\n`,
    `${schema.description} What it is for: [${concepts[kind]}](../concepts/${concepts[kind]}.md).\n`,
    table(
      ["", ""],
      [
        ["`apiVersion`", `\`${spec.group}/${version.name}\``],
        ["`kind`", `\`${kind}\``],
        ["in a namespace", spec.scope === "Namespaced" ? "yes" : "no: one for the whole cluster"],
        ["`kubectl get`", [...new Set(names)].join(", ")],
        ["with others", categories.map((name) => `\`${name}\``).join(", ")],
      ],
    ),
    `## Columns\n`,
    table(["column", "from"], columns),
    ...(wanted === undefined ? [] : ["## spec\n", fields(wanted, "spec")]),
    ...(status === undefined
      ? []
      : ["## status\n", "Written by the operator and its Jobs.\n", fields(status, "status")]),
    note,
  ].join("\n");
}

const note = `Types that begin with a capital letter are Kubernetes' own: \`kubectl explain\` has their fields.\n`;

function fields(schema: Parameters<typeof fieldsOf>[0], path: string): string {
  const rules = (schema["x-kubernetes-validations"] ?? []).map(({ message }) => `It ${message}.\n`);
  const rows = fieldsOf(schema, path).map((field) => [
    `\`${field.path}\``,
    field.type,
    field.default,
    field.description,
  ]);
  return [...rules, table(["field", "type", "default", "what it says"], rows)].join("\n");
}
