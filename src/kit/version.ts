import { readFileSync } from "node:fs";
import { join } from "node:path";

/** This program's, of its package. `unknown` where there is none beside it: no program fails for its own name. */
export function programVersion(): string {
  try {
    const text = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
    return /"version":\s*"([^"]+)"/.exec(text)?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}
