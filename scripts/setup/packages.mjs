import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "./command.mjs";
import { isAtLeast, versionOf } from "./version.mjs";

const leastNode = "24.0.0";

/** `npm ci` when node_modules is missing or was made from another package-lock.json. */
export async function ensurePackages({ root, signal, say }) {
  const stamp = join(root, "node_modules/.coldstream-setup");
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  say("npm packages: installing (npm ci)");
  const started = Date.now();
  rmSync(stamp, { force: true });
  const [program, ...first] = npmCommand();
  const args = [...first, "ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const { ok, output, why } = await run(program, args, {
    cwd: root,
    env: withoutOwnBin(root),
    signal,
    timeoutMs: 900_000,
  });
  if (signal.aborted) return;
  if (!ok) throw new Error(`npm ci failed: ${why}\n${output.trim().split("\n").slice(0, 20).join("\n")}`);
  writeFileSync(stamp, lock);
  say(`npm packages: installed (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}

/** Node 24, beside the packages or as the one that runs this; npm's scripts find the former first. */
export async function ensureNode({ root, signal }) {
  if (signal.aborted) return;
  const beside = join(root, "node_modules/.bin/node");
  const version = await versionOf(beside, signal);
  if (version !== undefined && isAtLeast(version, leastNode)) return;
  // One that does not run here (another C library, install scripts not allowed) would hide a good one on the PATH.
  if (lstatSync(beside, { throwIfNoEntry: false }) !== undefined) rmSync(beside);
  if (isAtLeast(process.versions.node, leastNode)) return;
  throw new Error(
    `Node 24 or newer is needed, this is ${process.versions.node}, and npm could not bring one for this machine: install Node 24 and run this again`,
  );
}

/** The npm that started this, with the Node it ran on; else the PATH's. */
function npmCommand() {
  const { npm_execpath: npm, npm_node_execpath: node } = process.env;
  if (npm?.endsWith("npm-cli.js") && node !== undefined && existsSync(node)) return [node, npm];
  return ["npm"];
}

/** npm must not run on the very Node that it replaces. */
function withoutOwnBin(root) {
  const own = join(root, "node_modules/.bin");
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== own);
  return { ...process.env, PATH: folders.join(delimiter) };
}
