import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { connect } from "../../src/nats/connection.ts";
import { type JetStream, openJetStream } from "../../src/nats/jetstream.ts";
import { openRepository, type Repository } from "../../src/repository/restic.ts";
import { type BackupReport, type BackupRequest, backup } from "../../src/vault/backup.ts";
import { resolveSnapshot } from "../../src/vault/catalog.ts";
import type { Running } from "../../src/vault/progress.ts";
import { planRestore, type RestoreReport, type RestoreRequest, restore } from "../../src/vault/restore.ts";
import { layCheapRepository } from "./cheap-repository.ts";

const root = join(import.meta.dirname, "../..");

export const running: Running = { signal: new AbortController().signal };

const password = "correct horse";

/** A temporary folder with a repository and a staging folder, and shortcuts for a backup and a restore. */
export interface Place extends AsyncDisposable {
  readonly directory: string;
  readonly repository: Repository;
  readonly password: string;
  backUp(jetstream: JetStream, changes?: Partial<BackupRequest>, own?: Running): Promise<BackupReport>;
  bringBack(url: string, changes?: Partial<RestoreRequest>): Promise<RestoreReport>;
  /** What is left in the staging folder. */
  leftovers(): Promise<string[]>;
}

/** `isEmpty`: the repository is left to the first backup; otherwise one is there that opens quickly. */
export async function makePlace({ isEmpty = false }: { readonly isEmpty?: boolean } = {}): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), "coldstream-place-"));
  await mkdir(join(directory, "staging"));
  if (!isEmpty) await layCheapRepository(join(directory, "repository"), password);
  return openPlace(directory);
}

/** A place that was made before, maybe by another process. */
export function openPlace(directory: string): Place {
  const staging = join(directory, "staging");
  const repository = openRepository({
    url: join(directory, "repository"),
    password: { kind: "text", text: password },
    cacheDirectory: join(directory, "cache"),
    baseEnv: { PATH: [join(root, ".tools/bin"), process.env.PATH].join(delimiter), HOME: directory },
  });
  return {
    directory,
    repository,
    password,
    async backUp(jetstream, changes = {}, own = running) {
      const request = { jetstream, repository, streams: [], target: "test", invoker: "test", host: "host-0" };
      const more = { parallel: 4, stagingDirectory: staging, initialize: true };
      return await backup({ ...request, ...more, ...changes }, own);
    },
    async bringBack(url, changes = {}) {
      await using connection = await connect({ servers: [url] }, {});
      const snapshot = changes.snapshot ?? (await resolveSnapshot(repository, "latest", {}, running));
      const request: RestoreRequest = {
        jetstream: openJetStream(connection, {}),
        connectAgain: async () => openJetStream(await connect({ servers: [url] }, {}), {}),
        repository,
        snapshot,
        streams: [],
        onConflict: "fail",
        renames: new Map(),
        liftLimits: false,
        parallel: 4,
        ...changes,
      };
      return await restore(request, await planRestore(request, running), running);
    },
    async leftovers() {
      return await readdir(staging);
    },
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}
