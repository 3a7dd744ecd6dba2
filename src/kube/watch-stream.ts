import { z } from "zod";
import type { WatchEvent } from "./cluster.ts";
import { unreadable, watchFailure } from "./failure.ts";
import { readObject, versionOfRaw } from "./reader.ts";
import type { KubeObject, Resource } from "./resource.ts";

/** No object is larger: etcd takes 1.5 MiB. */
const lineBytes = 16 * 1024 * 1024;

const RawEvent = z.object({ type: z.string(), object: z.unknown() });

/** The whole lines of a stream. What is left at its end without a line end is dropped: it was cut off. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let rest: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      rest.push(chunk.subarray(start, end));
      const line = Buffer.concat(rest).toString("utf8");
      [rest, size, start] = [[], 0, end + 1];
      if (line.trim() !== "") yield line;
    }
    rest.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > lineBytes) throw new RangeError(`a line of a watch is longer than ${lineBytes} bytes`);
  }
}

/** Reads a line of a watch. Throws for an event of type ERROR; undefined for a type that is unknown. */
export function readEvent<T extends KubeObject>(
  resource: Resource<T>,
  line: string,
  action: string,
): WatchEvent<T> | undefined {
  const { type, object } = parse(line, action);
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return changeOf(resource, type, object);
    case "BOOKMARK":
      return { type: "bookmark", resourceVersion: versionOfRaw(object) };
    case "ERROR":
      throw watchFailure(action, object);
    default:
      return undefined;
  }
}

const types = { ADDED: "added", MODIFIED: "modified", DELETED: "deleted" } as const;

function changeOf<T extends KubeObject>(resource: Resource<T>, type: keyof typeof types, raw: unknown): WatchEvent<T> {
  const resourceVersion = versionOfRaw(raw);
  const read = readObject(resource, raw);
  if ("object" in read) return { type: types[type], object: read.object };
  return { type: "refused", refused: read.refused, resourceVersion, isDeleted: type === "DELETED" };
}

function parse(line: string, action: string): z.infer<typeof RawEvent> {
  try {
    return RawEvent.parse(JSON.parse(line));
  } catch (cause) {
    throw unreadable(action, "the server sent a line that is no event", cause);
  }
}
