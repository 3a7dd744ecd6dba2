import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Runs a program to its end with its output kept. Never throws: `ok`, `output` (both streams) and, when not ok, `why` in one line.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal, timeoutMs?: number }} [options]
 * @returns {Promise<{ ok: boolean, output: string, why: string }>}
 */
export function run(program, args, { cwd, env = process.env, signal, timeoutMs = 180_000 } = {}) {
  return new Promise((resolve) => {
    const chunks = [];
    const child = spawn(program, args, { cwd, env, signal, stdio: ["ignore", "pipe", "pipe"] });
    // spawn's own `timeout` keeps the process alive for its length when the program is not there.
    const timer = setTimeout(() => child.kill(), timeoutMs);
    const end = (ok, why) => {
      clearTimeout(timer);
      resolve({ ok, output: Buffer.concat(chunks).toString(), why });
    };
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => end(false, `${program}: ${error.code === "ENOENT" ? "not found" : error.message}`));
    child.on("close", (code, killedBy) => {
      if (code === 0) return end(true, "");
      const lines = Buffer.concat(chunks).toString().trim().split("\n");
      const said = lines.find((line) => /error|fail|cannot|not /i.test(line)) ?? lines.at(-1);
      end(false, `${program} ${args[0] ?? ""}: ${killedBy ?? `exit ${code}`}${said ? `, ${said.trim()}` : ""}`);
    });
  });
}

/** Where the PATH has this program, in order, `except` left out. */
export function onPath(name, except = []) {
  const folders = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && !except.includes(folder));
  return folders.map((folder) => join(folder, name)).filter(isProgram);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
