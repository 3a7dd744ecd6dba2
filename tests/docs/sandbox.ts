import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect } from "vitest";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { compiledOnce } from "../support/programs.ts";
import { createConsumer, createStream, openServer, publishMany, take } from "../support/streams.ts";
import { type Block, mask, readBlocks } from "./documents.ts";

const root = join(import.meta.dirname, "../..");

/** Commands that have tests of their own, or are what runs this. */
const runElsewhere = new Set(["npm test", "npm run quickstart"]);

/** A reader's machine: a folder, a shell that remembers what was exported, a server with the streams of the README. */
export interface Sandbox extends AsyncDisposable {
  readonly server: TestServer;
  readonly home: string;
  readonly surroundings: Surroundings;
}

/** What there is besides, when a document is about more than one machine. */
export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** What a document says -> what it is here. */
  readonly words?: Readonly<Record<string, string>>;
}

/** `config`: for the server; it must let the user `app` in. */
export async function openSandbox(config?: string, surroundings: Surroundings = {}): Promise<Sandbox> {
  const server = await startNatsServer(config === undefined ? {} : { config });
  await fill(config === undefined ? server.url : server.url.replace("//", "//app:app%20secret@"));
  const home = await mkdtemp(join(tmpdir(), "coldstream-docs-"));
  await symlink(join(root, "deploy"), join(home, "deploy"));
  return {
    ...{ server, home, surroundings },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Runs every command of a document, in order; what a `console` block shows is compared. Returns how many blocks ran. */
export async function runDocument(document: string, sandbox: Sandbox): Promise<number> {
  const blocks = readBlocks(await readFile(join(root, document), "utf8"));
  for (const block of blocks) await runBlock(block, sandbox, `${document}:${block.line}`);
  return blocks.length;
}

async function fill(url: string): Promise<void> {
  await using opened = await openServer(url);
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

async function runBlock(block: Block, sandbox: Sandbox, where: string): Promise<void> {
  if (block.kind === "file") {
    await writeFile(join(sandbox.home, block.name), translated(block.text, sandbox));
    return;
  }
  if (block.kind === "script") {
    const lines = block.text.split("\n").filter((line) => !runElsewhere.has(line.trim()));
    const ran = await shell(`exec 2>&1\nset -e\n${lines.join("\n")}`, sandbox);
    expect(ran.status, `${where}\n${ran.output}`).toBe(0);
    return;
  }
  // a session shows what stays on the screen: progress goes to standard error and is wiped
  for (const step of block.steps) {
    const ran = await shell(step.command, sandbox);
    const printed = ran.output.replaceAll(sandbox.home, "/home/ada");
    expect(mask(printed), `${where}: ${step.command}`).toBe(mask(step.output));
  }
}

function shell(script: string, sandbox: Sandbox): Promise<{ readonly status: number; readonly output: string }> {
  const path = [join(root, "bin"), join(root, ".tools/bin"), process.env.PATH].join(delimiter);
  const { home, surroundings } = sandbox;
  const env = { ...compiledOnce, PATH: path, HOME: home, TMPDIR: home, ...surroundings.env };
  const text = translated(script, sandbox);
  const remembering = `[ ! -e .exports ] || . ./.exports\n${text}\ncd "$HOME" && export -p > .exports`;
  return new Promise((resolve) => {
    execFile("sh", ["-c", remembering], { cwd: home, env }, (error, stdout) => {
      const status = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ status, output: stdout });
    });
  });
}

/** What a reader would put in for the names and addresses of the documents. */
export function translated(text: string, { server, surroundings }: Pick<Sandbox, "server" | "surroundings">): string {
  const words = { "nats://localhost:4222": server.url, "bin/coldstream": "coldstream", ...surroundings.words };
  return Object.entries(words).reduce((all, [word, here]) => all.replaceAll(word, here), text);
}
