/**
 * Makes src/local/protobuf.json anew from Kubernetes' Go types: kubectl sends new objects of Kubernetes' own kinds as protobuf.
 * `node scripts/protobuf-extract.ts` needs Go, which checks what it downloads.
 *
 * Message -> field number -> `name type`. Types: string, int, bool, bytes, time, microTime, quantity, intOrString, raw, or a
 * message. Before it: `*` a field that says something also when it is 0, false or empty, `[]` a list, `list:` a message that is a
 * list, `{}` a map with texts as keys; the name `^` is of a message whose fields JSON shows one level higher.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const kubernetes = "v0.35.4";

/** What is sent to our API server. */
const wanted: readonly string[] = [
  ...["authentication.SelfSubjectReview", "authentication.TokenRequest"],
  ...["authorization.SelfSubjectAccessReview", "authorization.SelfSubjectRulesReview"],
  ...["batch.CronJob", "batch.Job", "coordination.Lease", "meta.DeleteOptions", "storage.StorageClass"],
  ...["Binding", "ConfigMap", "Endpoints", "Event", "Namespace", "Node", "PersistentVolume"].map(
    (kind) => `core.${kind}`,
  ),
  ...["PersistentVolumeClaim", "Pod", "Secret", "Service", "ServiceAccount"].map((kind) => `core.${kind}`),
  ...["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"].map((kind) => `rbac.${kind}`),
];

const places: Readonly<Record<string, readonly [module: string, path: string]>> = {
  authentication: ["k8s.io/api", "authentication/v1"],
  authorization: ["k8s.io/api", "authorization/v1"],
  batch: ["k8s.io/api", "batch/v1"],
  coordination: ["k8s.io/api", "coordination/v1"],
  core: ["k8s.io/api", "core/v1"],
  rbac: ["k8s.io/api", "rbac/v1"],
  storage: ["k8s.io/api", "storage/v1"],
  meta: ["k8s.io/apimachinery", "pkg/apis/meta/v1"],
};

const packages: Readonly<Record<string, string>> = { metav1: "meta", v1: "core", corev1: "core" };

const plain: Readonly<Record<string, string>> = {
  ...{ string: "string", bool: "bool", int: "int", int32: "int", int64: "int", "[]byte": "bytes" },
  ...{ "meta.Time": "time", "meta.MicroTime": "microTime", "meta.FieldsV1": "raw" },
  ...{ "resource.Quantity": "quantity", "intstr.IntOrString": "intOrString", "runtime.RawExtension": "raw" },
  ...{ "types.UID": "string", "types.NodeName": "string", "types.NamespacedName": "string" },
};

interface Source {
  readonly structs: ReadonlyMap<string, string>;
  readonly names: ReadonlyMap<string, string>;
}

const sources = new Map(Object.entries(places).map(([name, [module, path]]) => [name, sourceOf(module, path)]));

function sourceOf(module: string, path: string): Source {
  const asked = ["mod", "download", "-json", `${module}@${kubernetes}`];
  const found: { readonly Dir: string } = JSON.parse(execFileSync("go", asked, { encoding: "utf8" }));
  const text = readFileSync(join(found.Dir, path, "types.go"), "utf8");
  const structs = [...text.matchAll(/^type (\w+) struct \{\n(.*?)^\}/gms)].map(
    ([, name = "", body = ""]) => [name, body] as const,
  );
  const names = [...text.matchAll(/^type (\w+) (?!struct|interface)=? ?([^\s{]+)/gm)].map(
    ([, name = "", type = ""]) => [name, type] as const,
  );
  return { structs: new Map(structs), names: new Map(names) };
}

const messages = new Map<string, Record<string, string>>();

function visit(message: string): void {
  if (messages.has(message)) return;
  const [home = "", name = ""] = message.split(".");
  const body = sources.get(home)?.structs.get(name);
  if (body === undefined) throw new Error(`Kubernetes ${kubernetes} has no ${message}`);
  const fields: Record<string, string> = {};
  messages.set(message, fields);
  for (const line of body.split("\n")) {
    const [, before = "", json = "", protobuf] = /^\s*([^`/]+)`json:"([^"]*)"[^`]*?protobuf:"([^"]*)"/.exec(line) ?? [];
    if (protobuf === undefined) continue;
    const number = protobuf.split(",")[1] ?? "";
    const [shown = "", ...options] = json.split(",");
    const isInline = shown === "" && options.includes("inline");
    fields[number] = `${isInline ? "^" : shown} ${typeOf(home, before.trim().split(/\s+/).at(-1) ?? "")}`;
  }
}

function typeOf(home: string, go: string): string {
  if (plain[go] !== undefined) return plain[go];
  const map = /^map\[\w+\](.*)$/.exec(go)?.[1];
  if (map !== undefined) return `{}${typeOf(home, map)}`;
  if (go.startsWith("*")) return `*${typeOf(home, go.slice(1))}`;
  if (go.startsWith("[]")) return `[]${typeOf(home, go.slice(2))}`;
  const [left = "", right] = go.split(".");
  const qualified = right === undefined ? `${home}.${go}` : `${packages[left] ?? left}.${right}`;
  if (plain[qualified] !== undefined) return plain[qualified];
  const [place = "", name = ""] = qualified.split(".");
  const alias = sources.get(place)?.names.get(name);
  // a list with a name is a message of its own, whose first field holds it
  if (alias?.startsWith("[]")) return `list:${typeOf(place, alias.slice(2))}`;
  if (alias !== undefined) return typeOf(place, alias);
  visit(qualified);
  return qualified;
}

wanted.forEach(visit);
const target = join(import.meta.dirname, "../src/local/protobuf.json");
writeFileSync(target, JSON.stringify(Object.fromEntries([...messages].sort(([a], [b]) => (a < b ? -1 : 1)))));
execFileSync(join(import.meta.dirname, "../node_modules/.bin/biome"), ["format", "--write", target]);
