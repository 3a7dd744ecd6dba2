import { run } from "./command.mjs";

/** What a program says its version is ("2.12.15"), or undefined when it does not run here. */
export async function versionOf(path, signal) {
  for (const word of ["--version", "version"]) {
    const { ok, output } = await run(path, [word], { signal, timeoutMs: 20_000 });
    const version = ok ? /(\d+\.\d+\.\d+)/.exec(output)?.[1] : undefined;
    if (version !== undefined) return version;
  }
  return undefined;
}

/** Whether `version` is `least` or newer; both as numbers with points. */
export function isAtLeast(version, least) {
  const have = version.split(".").map(Number);
  for (const [place, wanted] of least.split(".").map(Number).entries()) {
    if ((have[place] ?? 0) !== wanted) return (have[place] ?? 0) > wanted;
  }
  return true;
}
