/** What the documents for the operator say is typed in, in order, on a real cluster; their manifests are held to its API server. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { kubectl } from "../support/kubectl.ts";
import { systemMissing } from "../system/system.ts";
import { type Cluster, openCluster } from "./cluster.ts";
import { isAboutClusters, type Manifests, readManifests } from "./documents.ts";
import { runDocument, translated } from "./sandbox.ts";

const root = join(import.meta.dirname, "../..");
const all = (await readdir(join(root, "docs"), { recursive: true })).map((name) => `docs/${name}`);
const documents = all.filter((name) => name.endsWith(".md") && isAboutClusters(name)).toSorted();
/** The way of a new user: each goes on where the one before it ended. The others look at what is there then. */
const way = ["docs/guides/backup.md", "docs/guides/restore.md"];
const moving = "docs/moving-from-stash.md";
const others = documents.filter((name) => !way.includes(name) && name !== moving);

describe.skipIf(systemMissing() !== undefined)("documents for the operator", { timeout: 300_000 }, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await openCluster();
  }, 120_000);
  afterAll(async () => await cluster?.[Symbol.asyncDispose]());

  test.each(way)("the commands in %s do what it says", async (document) => {
    if (document.endsWith("restore.md")) await cluster.lose("ORDERS");
    expect(await runDocument(document, cluster.sandbox)).toBeGreaterThan(3);
  });

  test.each(others)("the commands in %s do what it says", async (document) => {
    await runDocument(document, cluster.sandbox);
  });

  test(`the commands in ${moving} take over from Stash`, async () => {
    const { desk } = cluster.system;
    await cluster.leaveAsStash("sample-nats-backup");
    await runDocument(moving, cluster.sandbox);
    const bindings = async () => await desk.kubectl("get", "rolebindings", "-n", "demo", "-o", "name");
    expect(await bindings()).not.toContain("stash-trigger");
    await desk.kubectl("get", "cronjob", "stash-trigger-sample-nats-backup", "-n", "demo");
  });

  test.each(documents)("the API server accepts the manifests in %s", async (document) => {
    const { desk } = cluster.system;
    const texts = await Promise.all(readManifests(await readFile(join(root, document), "utf8")).map(wholeText));
    for (const name of texts.flatMap(namespacesIn)) if (!namespaces.has(name)) await makeNamespace(name);
    const input = translated(texts.join("\n---\n"), cluster.sandbox);
    if (texts.length === 0) return;
    const end = await kubectl(desk.plane, ["apply", "--dry-run=server", "--validate=strict", "-f", "-"], { input });
    expect(end).toMatchObject({ stderr: "", exit: 0 });
  });

  /** A dry run wants the namespaces to be there. */
  const namespaces = new Set<string>();
  async function makeNamespace(name: string): Promise<void> {
    namespaces.add(name);
    await kubectl(cluster.system.desk.plane, ["create", "namespace", name]);
  }
});

/** Where a block shows a part of an object, that object with it. Its name is another: a restore's spec cannot be changed. */
async function wholeText({ in: kind, text }: Manifests): Promise<string> {
  if (kind === undefined) return text;
  const guide = kind === "BackupConfiguration" ? "backup.md" : "restore.md";
  const blocks = readManifests(await readFile(join(root, "docs/guides", guide), "utf8"));
  const objects = blocks.flatMap((block) => (block.in === undefined ? parseAllDocuments(block.text) : []));
  const whole = objects.map((object) => object.toJS()).find((object) => object.kind === kind);
  const [part] = parseAllDocuments(text).map((object) => object.toJS());
  return stringify({ ...whole, metadata: { ...whole.metadata, name: "changed" }, spec: merged(whole.spec, part.spec) });
}

type Tree = Readonly<Record<string, unknown>>;

function merged(before: Tree, change: Tree): Tree {
  const isTree = (value: unknown): value is Tree =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const entries = Object.entries(change).map(([name, value]) => {
    const old = before[name];
    return [name, isTree(value) && isTree(old) ? merged(old, value) : value] as const;
  });
  return { ...before, ...Object.fromEntries(entries) };
}

function namespacesIn(text: string): readonly string[] {
  return [...text.matchAll(/^ +namespace: (\S+)$/gm)].map(([, name = ""]) => name);
}
