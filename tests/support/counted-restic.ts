import { readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { openRepository, type Repository } from "../../src/repository/restic.ts";
import type { Place } from "./place.ts";
import { findProgram } from "./programs.ts";

/** The same repository through a restic that notes each call; `calls` gives the commands since the last time. */
export interface CountedRestic {
  readonly repository: Repository;
  calls(): Promise<string[]>;
}

export async function countRestic(place: Place): Promise<CountedRestic> {
  const { directory, password } = place;
  const [program, list] = [join(directory, "counted-restic"), join(directory, "calls")];
  await writeFile(program, `#!/bin/sh\necho "$1" >>"${list}"\nexec "${findProgram("restic")}" "$@"\n`, { mode: 0o755 });
  const repository = openRepository({
    url: join(directory, "repository"),
    password: { kind: "text", text: password },
    cacheDirectory: join(directory, "cache"),
    program,
    baseEnv: {
      PATH: [join(import.meta.dirname, "../../.tools/bin"), process.env.PATH].join(delimiter),
      HOME: directory,
    },
  });
  return {
    repository,
    async calls() {
      const text = await readFile(list, "utf8").catch(() => "");
      await writeFile(list, "");
      return text.split("\n").filter((line) => line !== "");
    },
  };
}
