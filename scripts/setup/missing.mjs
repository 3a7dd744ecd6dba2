import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { onPath } from "./command.mjs";

const rememberMs = 3_600_000;

/** What setup could not get before, while it makes no sense to try again: for an hour, and while the same clients are there. */
export function recallMissing(tools) {
  const file = tools.path("missing.json");
  if (!existsSync(file)) return [];
  const { at, clients, missing } = JSON.parse(readFileSync(file, "utf8"));
  return Date.now() - Date.parse(at) < rememberMs && clients === presentClients() ? missing : [];
}

/** Keeps the list for the next run and for the closing list of the tests (scripts/test.ts reads it). */
export function rememberMissing(tools, { missing, known }) {
  const file = tools.path("missing.json");
  const fresh = missing.filter((failure) => !known.includes(failure));
  for (const { name, why } of fresh) tools.say(`${name}: not to be had here; its tests will be skipped (${why})`);
  if (missing.length === 0) return rmSync(file, { force: true });
  if (fresh.length === 0) return;
  mkdirSync(dirname(file), { recursive: true });
  const made = join(tools.scratch(), "missing.json");
  writeFileSync(
    made,
    `${JSON.stringify({ at: new Date().toISOString(), clients: presentClients(), missing }, null, 2)}\n`,
  );
  renameSync(made, file);
}

function presentClients() {
  return ["go", "pip", "pip3", "python3", "apt-get"].filter((name) => onPath(name).length > 0).join(" ");
}
