/** Every command in the README and the documents is run, in order, in a folder of its own; printed output is compared. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { findProgram } from "../support/programs.ts";
import { createConsumer, createStream, openServer, publishMany, take } from "../support/streams.ts";
import { type Block, mask, readBlocks } from "./documents.ts";

const root = join(import.meta.dirname, "../..");
const documents = [
  "README.md",
  ...(await readdir(join(root, "docs"))).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
];

/** Commands that are tested by being what runs the tests, and the programs that a document needs besides. */
const runElsewhere = new Set(["npm test", "npm run quickstart", "npm run test:long"]);

interface Ran {
  readonly status: number;
  readonly output: string;
}

describe.each(documents)("%s", (document) => {
  test("its commands do what it says", async (context) => {
    const markdown = await readFile(join(root, document), "utf8");
    const blocks = readBlocks(markdown);
    if (markdown.includes("s2c ") && findProgram("s2c") === undefined) context.skip();
    if (blocks.length === 0) return;
    await using server = await startNatsServer();
    await fill(server);
    const home = await mkdtemp(join(tmpdir(), "coldstream-docs-"));
    try {
      for (const block of blocks) await runBlock(block, { server, home, document });
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  }, 180_000);
});

async function fill(server: TestServer): Promise<void> {
  await using opened = await openServer(server.url);
  const { jetstream } = opened;
  await createStream(jetstream, "ORDERS", { subjects: ["orders.>"] });
  await publishMany(jetstream, "orders", 20_000, 300);
  await createConsumer(jetstream, "ORDERS", "billing");
  await take(jetstream, {
    stream: "ORDERS",
    consumer: "billing",
    count: 100,
    isAcknowledged: (index) => index % 10 !== 0,
  });
  await createStream(jetstream, "KV_settings", { subjects: ["$KV.settings.>"], max_msgs_per_subject: 1n });
  for (let key = 0; key < 200; key++) jetstream.connection.publish(`$KV.settings.key${key}`, Buffer.from("on"));
  await jetstream.connection.flush();
}

interface Sandbox {
  readonly server: TestServer;
  readonly home: string;
  readonly document: string;
}

async function runBlock(block: Block, sandbox: Sandbox): Promise<void> {
  const where = `${sandbox.document}:${block.line}`;
  if (block.kind === "script") {
    const text = block.text
      .split("\n")
      .filter((line) => !runElsewhere.has(line.trim()))
      .join("\n");
    const ran = await shell(`set -e\n${text}`, sandbox);
    expect(ran.status, `${where}\n${ran.output}`).toBe(0);
    return;
  }
  for (const step of block.steps) {
    if (runElsewhere.has(step.command)) continue;
    const ran = await shell(step.command, sandbox);
    expect(mask(ran.output), `${where}: ${step.command}`).toBe(mask(step.output));
  }
}

function shell(script: string, { server, home }: Sandbox): Promise<Ran> {
  const path = [join(root, "bin"), join(root, ".tools/bin"), process.env.PATH].join(delimiter);
  const env = {
    PATH: path,
    HOME: home,
    TMPDIR: home,
    NATS_URL: server.url,
    RESTIC_REPOSITORY: join(home, "repository"),
    RESTIC_PASSWORD: "secret",
  };
  const text = script.replaceAll("nats://localhost:4222", server.url).replaceAll("bin/coldstream", "coldstream");
  return new Promise((resolve) => {
    execFile("sh", ["-c", `exec 2>&1\n${text}`], { cwd: home, env }, (error, stdout) => {
      const status = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ status, output: stdout });
    });
  });
}
