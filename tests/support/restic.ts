import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { openRepository, type Repository, type RepositoryOptions } from "../../src/repository/restic.ts";
import { cheapenRepository } from "./cheap-repository.ts";

/** The environment of programs in tests: .tools/bin first, and a home of their own. */
export function programEnvironment(home: string): { readonly PATH: string; readonly HOME: string } {
  const tools = join(import.meta.dirname, "../../.tools/bin");
  return { PATH: [tools, process.env.PATH].join(delimiter), HOME: home };
}

const password = "correct horse";

/** A temporary folder with room for a repository (not made yet), a cache and a folder to back up. */
export interface Workbench extends AsyncDisposable {
  readonly directory: string;
  /** What lies in it is backed up. */
  readonly source: string;
  /** Writes files below `source`. */
  write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void>;
  /** The local repository, or another one with the same cache and password. */
  open(changes?: Partial<RepositoryOptions>): Repository;
}

export async function makeWorkbench(): Promise<Workbench> {
  const directory = await mkdtemp(join(tmpdir(), "coldstream-restic-"));
  const source = join(directory, "source");
  await mkdir(source);
  return {
    directory,
    source,
    async write(files) {
      for (const [name, content] of Object.entries(files)) {
        await mkdir(dirname(join(source, name)), { recursive: true });
        await writeFile(join(source, name), content);
      }
    },
    open(changes = {}) {
      const options: RepositoryOptions = {
        url: join(directory, "repository"),
        password: { kind: "text", text: password },
        cacheDirectory: join(directory, "cache"),
        baseEnv: programEnvironment(directory),
        ...changes,
      };
      const repository = openRepository(options);
      if (changes.password !== undefined || !options.url.startsWith(directory)) return repository;
      return {
        ...repository,
        // as restic made it, but that it opens at once from then on
        async initialize(reading) {
          const made = await repository.initialize(reading);
          await cheapenRepository(options.url, password);
          return made;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Bytes that neither compress nor repeat. */
export function noise(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[at] = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d);
  }
  return new Uint8Array(words.buffer, 0, length);
}
