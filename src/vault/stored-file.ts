import { Failure } from "../kit/failures.ts";
import { TarReader } from "../nats/codec/tar.ts";

/** A stored file of one stream, as it comes out of the repository. `path` is relative to the stream's folder. */
export interface StoredFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The regular files in a tar as restic dumps it, whole; `root` is taken off their names, others are passed over. */
export async function* storedFiles(tar: AsyncIterable<Uint8Array>, root: string): AsyncGenerator<StoredFile> {
  const reader = new TarReader();
  for await (const chunk of tar) {
    for (const { name, bytes } of reader.push(chunk)) {
      const path = name.replace(/^\/+/, "");
      if (path.startsWith(root)) yield { path: path.slice(root.length), bytes };
    }
  }
  reader.end();
}

/** Tells why `files` ended early: who reads one folder of them reports it for that one, and the others are missing too. */
export async function* noteFailure(
  files: AsyncIterable<StoredFile>,
  note: (failure: Failure) => void,
): AsyncGenerator<StoredFile> {
  try {
    yield* files;
  } catch (error) {
    note(Failure.from(error));
    throw error;
  }
}

/** Reads them all first: for streams that are small. */
export async function gather(files: AsyncIterable<StoredFile>): Promise<AsyncIterable<StoredFile>> {
  const gathered = await Array.fromAsync(files);
  return (async function* () {
    yield* gathered;
  })();
}

/** Splits the files of many streams, which come folder by folder, into one iterable for each folder. */
export async function* byStream(
  files: AsyncIterable<StoredFile>,
): AsyncGenerator<{ readonly folder: string; readonly own: AsyncIterable<StoredFile> }> {
  const iterator = files[Symbol.asyncIterator]();
  let next = await iterator.next();
  async function* ownOf(folder: string): AsyncGenerator<StoredFile> {
    while (next.done !== true && next.value.path.startsWith(`${folder}/`)) {
      yield { path: next.value.path.slice(folder.length + 1), bytes: next.value.bytes };
      next = await iterator.next();
    }
  }
  while (next.done !== true) {
    const folder = next.value.path.split("/")[0] ?? "";
    yield { folder, own: ownOf(folder) };
    // what the receiver left unread of this folder is passed over
    while (next.done !== true && next.value.path.startsWith(`${folder}/`)) next = await iterator.next();
  }
}
