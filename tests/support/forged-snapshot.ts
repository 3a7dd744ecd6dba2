import { createHash } from "node:crypto";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeJson } from "../../src/kit/json.ts";
import type { SnapshotEntry } from "../../src/vault/catalog.ts";
import { folderName } from "../../src/vault/folder.ts";
import { type Manifest, readIndex, readManifest, type SnapshotIndex } from "../../src/vault/manifest.ts";
import { type Place, running } from "./place.ts";

/** The files of a snapshot in a folder, to be edited before they are stored again. */
export class SnapshotFiles {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  path(stream: string, file: string): string {
    return join(this.directory, "streams", folderName(stream), file);
  }

  async manifest(stream: string): Promise<Manifest> {
    return readManifest(await readFile(this.path(stream, "manifest.json"), "utf8"));
  }

  /** Writes a changed manifest; the index gets its hash, as if it had been stored so. */
  async changeManifest(stream: string, change: (manifest: Manifest) => unknown): Promise<void> {
    const text = writeJson(change(await this.manifest(stream)) as never, 1);
    await writeFile(this.path(stream, "manifest.json"), text);
    const sha256 = createHash("sha256").update(text).digest("hex");
    await this.changeIndex((index) => ({
      ...index,
      streams: index.streams.map((one) => (one.stream === stream ? { ...one, manifest: sha256 } : one)),
    }));
  }

  async changeIndex(change: (index: SnapshotIndex) => unknown): Promise<void> {
    const path = join(this.directory, "coldstream.json");
    await writeFile(path, writeJson(change(readIndex(await readFile(path, "utf8"))) as never, 1));
  }

  async changeFile(stream: string, file: string, change: (bytes: Buffer) => Buffer): Promise<void> {
    const path = this.path(stream, file);
    await writeFile(path, change(await readFile(path)));
  }

  async remove(stream: string, file: string): Promise<void> {
    await rm(this.path(stream, file), { recursive: true });
  }
}

/** Takes a snapshot out of the repository once, to store edited copies of it. */
export async function openForge(place: Place, original: SnapshotEntry): Promise<Forge> {
  const { repository } = place;
  const [whole, directory] = [join(place.directory, "whole"), join(place.directory, "forged")];
  const { signal } = running;
  await repository.extract(original.id, { include: ["/*"], target: whole }, { signal });
  const [stored] = await repository.snapshots({ ids: [original.id] }, { signal });
  let time = original.time;
  return async (edit) => {
    await cp(whole, directory, { recursive: true });
    await edit(new SnapshotFiles(directory));
    time = new Date(time.getTime() + 1000);
    const tags = stored?.tags ?? [];
    const { snapshotId } = await repository.backup({ directory, host: original.host, tags, time }, { signal });
    await rm(directory, { recursive: true });
    return { ...original, id: snapshotId, shortId: snapshotId.slice(0, 8), time };
  };
}

/** Stores an edited copy under host and tags of the original, a second later: from now on `latest` means it. */
export type Forge = (edit: (files: SnapshotFiles) => Promise<void>) => Promise<SnapshotEntry>;
