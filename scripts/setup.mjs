// Set-up from nothing but an old Node and npm: `npm run setup`, and the pre hooks of `npm run quickstart` and `npm test`.
// Plain JavaScript without dependencies that runs on Node 18, because it is what brings the rest. Changes nothing outside
// the checkout, uses the package clients as the machine has them configured, and does nothing when all is there.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureNode, ensurePackages } from "./setup/packages.mjs";
import { ensureProgramsForTests, ensureProgramsForUse } from "./setup/programs.mjs";
import { openTools } from "./setup/tools.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

async function main() {
  const forTests = process.argv.includes("--tests");
  // Called by name, it tries again what it could not get before; as a hook it remembers for an hour.
  const again = process.env.npm_lifecycle_event === "setup" || process.argv.includes("--retry");
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort(new Error("interrupted")));
  const started = Date.now();
  const tools = openTools({ root, tools: join(root, ".tools"), signal: stop.signal });
  try {
    const programs = forTests ? ensureProgramsForTests(tools, { again }) : ensureProgramsForUse(tools);
    const results = await Promise.allSettled([ensurePackages(tools).then(() => ensureNode(tools)), programs]);
    if (stop.signal.aborted) return 130;
    const failures = results.filter((result) => result.status === "rejected");
    for (const { reason } of failures) console.error(`setup: ${reason instanceof Error ? reason.message : reason}`);
    if (failures.length > 0) return 2;
    if (tools.said()) console.log(`setup: done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    return 0;
  } finally {
    tools.close();
  }
}

process.exitCode = await main();
