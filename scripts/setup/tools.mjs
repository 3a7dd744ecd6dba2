import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";

/**
 * The folder .tools: what setup fetched. Everything is made in a temporary folder inside it and then renamed, so an
 * interrupted setup leaves nothing half-done.
 * @param {{ root: string, tools: string, signal: AbortSignal }} options
 */
export function openTools({ root, tools, signal }) {
  const temporary = join(tools, "tmp");
  let own;
  let spoke = false;
  return {
    root,
    signal,
    bin: join(tools, "bin"),
    path: (...parts) => join(tools, ...parts),
    has: (...parts) => existsSync(join(tools, ...parts)),
    /** A line for the person who waits. */
    say(line) {
      if (!spoke) console.log(`setup: in ${root} (nothing outside it is changed)`);
      spoke = true;
      console.log(`setup: ${line}`);
    },
    said: () => spoke,
    /** A new empty folder on the same file system. */
    scratch() {
      if (own === undefined) {
        removeLeftovers(temporary);
        own = join(temporary, String(process.pid));
        mkdirSync(own, { recursive: true });
      }
      return mkdtempSync(join(own, "x"));
    },
    /** Moves a finished program to its place, whole or not at all. */
    place(file, ...parts) {
      const target = join(tools, ...parts);
      mkdirSync(dirname(target), { recursive: true });
      chmodSync(file, 0o755);
      renameSync(file, target);
      return target;
    },
    /** Makes `.tools/bin/<name>` a link to a path relative to it. */
    link(name, target) {
      const link = join(tools, "bin", name);
      if (existsSync(link) && readlinkOrNothing(link) === target) return;
      mkdirSync(dirname(link), { recursive: true });
      const made = join(this.scratch(), name);
      symlinkSync(target, made);
      renameSync(made, link);
    },
    close() {
      if (own === undefined) return;
      rmSync(own, { recursive: true, force: true });
      try {
        rmdirSync(temporary);
      } catch {
        // Another setup works in it.
      }
    },
  };
}

/** Removes the temporary folders of setups that were killed; those of running ones stay. */
function removeLeftovers(temporary) {
  for (const name of existsSync(temporary) ? readdirSync(temporary) : []) {
    if (!isRunning(Number(name))) rmSync(join(temporary, name), { recursive: true, force: true });
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function readlinkOrNothing(link) {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
