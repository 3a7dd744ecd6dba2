/** Every command in the README and the documents is run, in order, in a folder of its own; printed output is compared. */
import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { isAboutClusters, mask, readBlocks } from "./documents.ts";
import { openSandbox, runDocument } from "./sandbox.ts";

const root = join(import.meta.dirname, "../..");
/** Run by tests of their own. */
const elsewhere = new Set(["docs/format.md", "docs/guides/one-machine.md"]);
/** A `conf` block is the configuration of the server that the commands talk to. docs/format.md is run by stock-tools.test.ts, which looks at what comes out; those about clusters by cluster.test.ts. */
const documents = [
  "README.md",
  ...(await readdir(join(root, "docs"), { recursive: true })).map((name) => `docs/${name}`),
];
const tested = documents.filter((name) => name.endsWith(".md") && !elsewhere.has(name) && hasCommands(name));

/** Most pages of the reference have none: they need no server. */
function hasCommands(name: string): boolean {
  const blocks = readBlocks(readFileSync(join(root, name), "utf8"));
  return !isAboutClusters(name) && blocks.some(({ kind }) => kind !== "file");
}

test.each(tested)("the commands in %s do what it says", { timeout: 180_000 }, async (document) => {
  const server = /^```conf\n(.*?)^```$/ms.exec(await readFile(join(root, document), "utf8"))?.[1];
  await using sandbox = await openSandbox(server);
  const ran = await runDocument(document, sandbox);
  if (document === "README.md") expect(ran).toBeGreaterThan(3);
});

test.each(documents.filter((name) => name.endsWith(".md")))("the links in %s lead somewhere", async (document) => {
  const text = await readFile(join(root, document), "utf8");
  const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link = ""]) => link);
  const broken = links.filter((link) => !existsSync(join(root, dirname(document), link)));
  expect(broken).toEqual([]);
});

test("the metrics of the guide for monitoring exist", async () => {
  const text = await readFile(join(root, "docs/guides/monitoring.md"), "utf8");
  const reference = await readFile(join(root, "docs/reference/metrics.md"), "utf8");
  const names = new Set(text.match(/\b(?:coldstream|stash)_[a-z_]+\b/g));
  expect([...names].filter((name) => !reference.includes(`\`${name}\``))).toEqual([]);
  expect(names.size).toBeGreaterThan(5);
});

test("the sentences that the guide for trouble explains are those of the source", async () => {
  const names = (await readdir(join(root, "src"), { recursive: true })).filter((name) => /(?<!\.test)\.ts$/.test(name));
  const source = (await Promise.all(names.map((name) => readFile(join(root, "src", name), "utf8")))).join("\n");
  const text = await readFile(join(root, "docs/guides/troubleshooting.md"), "utf8");
  const cells = [...text.matchAll(/^\| (.*?) \| /gm)].map(([, cell = ""]) => cell);
  const sentences = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, sentence = ""]) => sentence));
  // what stands in capitals, and dots, stand for what differs
  const parts = sentences.flatMap((sentence) => sentence.split(/\.\.\.|\b[A-Z]{2,}(?:\/[A-Z]+)?\b/));
  const known = parts.map((part) => part.replaceAll(/^[\s:;,]+|[\s:;,]+$/g, "")).filter(({ length }) => length > 5);
  expect(known.filter((part) => !source.includes(part))).toEqual([]);
  expect(known.length).toBeGreaterThan(30);
});

test("blocks are found, and what differs from run to run is masked", () => {
  const blocks = readBlocks("a\n```sh\nx\ny\n```\n```console\n$ one\nout\n$ two\n```\n```text\n$ no\n```\n");
  expect(blocks).toEqual([
    { kind: "script", line: 2, text: "x\ny\n" },
    {
      kind: "session",
      line: 6,
      steps: [
        { command: "one", output: "out\n" },
        { command: "two", output: "" },
      ],
    },
  ]);
  expect(mask("snapshot fc868b85 of 127.0.0.1:4222: 6.4 MiB in 5.8 s,  20 messages")).toBe(
    "snapshot ID of HOST: AMOUNT in AMOUNT, 20 messages",
  );
});
