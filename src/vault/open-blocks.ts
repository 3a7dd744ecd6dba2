import type { Repository } from "../repository/restic.ts";
import type { SnapshotEntry } from "./catalog.ts";
import type { Manifest } from "./manifest.ts";
import { archiveBlocks } from "./stash-archive.ts";
import { archivePath } from "./stash-snapshot.ts";
import { storedFiles } from "./stored-file.ts";
import { type StreamBlock, segmentBlocks } from "./stream-blocks.ts";

/** A stream's blocks from the repository, from the beginning, whichever layout the snapshot has. */
export function openBlocks(
  repository: Repository,
  { id, stash }: Pick<SnapshotEntry, "id" | "stash">,
  manifest: Manifest,
  { signal }: { readonly signal: AbortSignal },
): AsyncIterable<StreamBlock> {
  if (stash !== undefined)
    return archiveBlocks(repository.dump(id, archivePath(stash, manifest), { signal }), manifest.stream);
  const { folder } = manifest;
  const files = storedFiles(repository.dump(id, `/streams/${folder}`, { signal }), `streams/${folder}/`);
  return segmentBlocks(manifest, files);
}
