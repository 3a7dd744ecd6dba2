/**
 * Invariant: whatever was damaged, taken away, exchanged or edited in a repository, a restore fails and leaves no stream
 * on the server, and a proof names the problem; neither ever reports a success.
 */
import { randomBytes } from "node:crypto";
import { chmod, cp, open, readdir, rename, rm, stat, truncate } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Failure } from "../../src/kit/failures.ts";
import { deleteStream, streamNames } from "../../src/nats/streams.ts";
import { openRepository, type Repository } from "../../src/repository/restic.ts";
import { resolveSnapshot, type SnapshotEntry } from "../../src/vault/catalog.ts";
import type { Manifest } from "../../src/vault/manifest.ts";
import { listProofs } from "../../src/vault/prove.ts";
import type { RestoreReport } from "../../src/vault/restore.ts";
import { type Forge, openForge, type SnapshotFiles } from "../support/forged-snapshot.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { makePlace, type Place, running } from "../support/place.ts";
import { problemsOf, proveAt } from "../support/proof.ts";
import { seededRandom } from "../support/random.ts";
import { createConsumer, createStream, message, openServer, plant, publishMany } from "../support/streams.ts";

const random = seededRandom("damage");
let place: Place;
let target: TestServer;
let good: SnapshotEntry;
let forge: Forge;

beforeAll(async () => {
  place = await makePlace();
  target = await startNatsServer();
  await using source = await startNatsServer();
  await using from = await openServer(source.url);
  const messages = Array.from({ length: 24 }, (_, index) =>
    message(BigInt(index + 1), "LARGE.a", { payload: randomBytes(50_000) }),
  );
  await plant(from.jetstream, "LARGE", { messages, messagesPerBlock: 6 });
  await createConsumer(from.jetstream, "LARGE", "reader");
  await createStream(from.jetstream, "SMALL");
  await publishMany(from.jetstream, "SMALL", 100);
  await place.backUp(from.jetstream);
  good = await resolveSnapshot(place.repository, "latest", {}, running);
  forge = await openForge(place, good);
}, 120_000);

afterAll(async () => {
  await target[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

/** What a restore of everything says against it; nothing when it reports a success. */
async function complaints(snapshot: SnapshotEntry, repository: Repository = place.repository): Promise<string[]> {
  let report: RestoreReport;
  try {
    report = await place.bringBack(target.url, { snapshot, repository });
  } catch (error) {
    if (!Failure.is(error)) throw error;
    return [`${error.code}: ${error.message}`];
  }
  return report.streams.flatMap((one) => (one.outcome === "failed" ? [`${one.failure.code}: ${one.stream}`] : []));
}

/** The streams that the target has, which it then has no more. */
async function takeStreams(): Promise<string[]> {
  await using opened = await openServer(target.url);
  const names = await streamNames(opened.jetstream, {});
  for (const name of names) await deleteStream(opened.jetstream, name, {});
  return names.sort();
}

test("without damage both succeed", async () => {
  expect(await complaints(good)).toEqual([]);
  expect(await takeStreams()).toEqual(["LARGE", "SMALL"]);
  expect(await problemsOf(place, good)).toEqual([]);
});

const manifestOf =
  (change: (manifest: Manifest) => unknown) =>
  async (files: SnapshotFiles): Promise<void> =>
    await files.changeManifest("LARGE", change);

const swapped = <T>(list: readonly T[]): T[] => [...list.slice(0, -2), ...list.slice(-1), ...list.slice(-2, -1)];

async function segmentFiles(files: SnapshotFiles): Promise<[string, string, string]> {
  const { segments } = await files.manifest("LARGE");
  const [first, second, third] = segments.map(({ file }) => file);
  if (first === undefined || second === undefined || third === undefined) throw new Error("too few segments");
  return [first, second, third];
}

/** What was done to the files of stream LARGE before they were stored again under the host and tags of the backup. */
const forgeries: readonly (readonly [string, (files: SnapshotFiles) => Promise<void>])[] = [
  [
    "one bit of a segment differs",
    async (files) => {
      const [, file] = await segmentFiles(files);
      await files.changeFile("LARGE", file, (bytes) => {
        const at = random.below(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        return bytes;
      });
    },
  ],
  [
    "a segment ends early",
    async (files) => {
      const [, , file] = await segmentFiles(files);
      await files.changeFile("LARGE", file, (bytes) => bytes.subarray(0, random.below(bytes.length)));
    },
  ],
  [
    "two segments are exchanged",
    async (files) => {
      const [first, second] = await segmentFiles(files);
      await rename(files.path("LARGE", first), files.path("LARGE", "other"));
      await rename(files.path("LARGE", second), files.path("LARGE", first));
      await rename(files.path("LARGE", "other"), files.path("LARGE", second));
    },
  ],
  ["a segment is missing", async (files) => await files.remove("LARGE", (await segmentFiles(files))[1])],
  [
    "a segment too many",
    async (files) => {
      const [first] = await segmentFiles(files);
      await cp(files.path("LARGE", first), files.path("LARGE", "segments/00000/000000000099-0123456789abcdef.blk"));
    },
  ],
  ["the segments are gone", async (files) => await files.remove("LARGE", "segments")],
  [
    "the segments of another stream",
    async (files) => {
      await files.remove("LARGE", "segments");
      await cp(files.path("SMALL", "segments"), files.path("LARGE", "segments"), { recursive: true });
    },
  ],
  [
    "manifest: another number of messages",
    manifestOf((manifest) => ({ ...manifest, state: { ...manifest.state, messages: 23n } })),
  ],
  [
    "manifest: another last sequence",
    manifestOf((manifest) => ({ ...manifest, state: { ...manifest.state, lastSequence: 99n } })),
  ],
  ["manifest: another digest", manifestOf((manifest) => ({ ...manifest, digest: "0".repeat(64) }))],
  [
    "manifest: fewer live messages",
    manifestOf((manifest) => ({
      ...manifest,
      live: [
        [1n, 9n],
        [11n, 24n],
      ],
    })),
  ],
  [
    "manifest: live messages that do not ascend",
    manifestOf((manifest) => ({
      ...manifest,
      live: [
        [9n, 24n],
        [1n, 8n],
      ],
    })),
  ],
  [
    "manifest: segments in another order",
    manifestOf((manifest) => ({ ...manifest, segments: swapped(manifest.segments) })),
  ],
  ["manifest: a segment less", manifestOf((manifest) => ({ ...manifest, segments: manifest.segments.slice(0, -1) }))],
  ["manifest: of another format", manifestOf((manifest) => ({ ...manifest, format: 2n }))],
  [
    "manifest: a consumer of another name, and the index not told",
    async (files) => {
      const rename = (bytes: Buffer) => Buffer.from(bytes.toString().replace("reader", "raeder"));
      await files.changeFile("LARGE", "manifest.json", rename);
    },
  ],
  [
    "manifest: no JSON",
    async (files) => await files.changeFile("LARGE", "manifest.json", (bytes) => bytes.subarray(9)),
  ],
  ["manifest: missing", async (files) => await files.remove("LARGE", "manifest.json")],
  ["a stream's folder is missing", async (files) => await files.remove("LARGE", "")],
  [
    "index: a stream less",
    async (files) => await files.changeIndex((index) => ({ ...index, streams: index.streams.slice(1) })),
  ],
  [
    "index: a stream and its folder less",
    async (files) => {
      await files.remove("LARGE", "");
      await files.changeIndex((index) => ({ ...index, streams: index.streams.slice(0, 0) }));
    },
  ],
  [
    "index: it says that a stream failed",
    async (files) => await files.changeIndex((index) => ({ ...index, failed: [{ stream: "OTHER", reason: "" }] })),
  ],
  ["index: missing", async (files) => await rm(join(files.directory, "coldstream.json"))],
];

describe("a snapshot that was stored, and is no backup", () => {
  test.each(forgeries)("%s", async (_title, edit) => {
    const forged = await forge(edit);
    expect(await complaints(forged)).not.toEqual([]);
    expect(await takeStreams()).not.toContain("LARGE");
    const problems = await problemsOf(place, forged);
    expect(problems).not.toEqual([]);
    expect(problems).not.toContain("no problem is named");
  });
});

test("the failed proof of a damaged stream is stored, with the problem", async () => {
  const forged = await forge(async (files) => await files.remove("LARGE", (await segmentFiles(files))[0]));
  expect((await resolveSnapshot(place.repository, "latest", {}, running)).id).toBe(forged.id);
  const report = await proveAt(place, forged);
  expect(report).toMatchObject({ proven: false, streams: [{ stream: "LARGE", proven: false }, { proven: true }] });
  const stored = (await listProofs(place.repository, running)).at(-1);
  expect(stored?.streams[0]?.problem).toContain("was expected");
  expect(stored).toMatchObject({ proven: false, proof: report.proof, snapshot: forged.id });
});

/** The largest pack, which holds messages; index and trees are in smaller ones. */
async function largestPack(repository: string): Promise<string> {
  const names = await readdir(join(repository, "data"), { recursive: true });
  const packs = await Promise.all(
    names.map(async (name) => ({ name, found: await stat(join(repository, "data", name)) })),
  );
  const largest = packs.filter(({ found }) => found.isFile()).sort((a, b) => b.found.size - a.found.size)[0];
  return join(repository, "data", largest?.name ?? "");
}

describe("the repository itself is damaged", () => {
  test.each<readonly [string, (pack: string) => Promise<void>]>([
    [
      "a flipped bit in a pack",
      async (pack) => {
        await using file = await open(pack, "r+");
        // blobs lie in front, the pack's own header at its end
        const at = random.below(Math.floor((await file.stat()).size * 0.9));
        const byte = Buffer.alloc(1);
        await file.read(byte, 0, 1, at);
        await file.write(Buffer.of((byte[0] ?? 0) ^ 4), 0, 1, at);
      },
    ],
    ["a pack that ends early", async (pack) => await truncate(pack, random.below((await stat(pack)).size))],
    ["a pack that is gone", async (pack) => await rm(pack)],
  ])("%s", async (_title, harm) => {
    const copy = join(place.directory, "damaged");
    await cp(join(place.directory, "repository"), copy, { recursive: true });
    await using _removed = { [Symbol.asyncDispose]: () => rm(copy, { recursive: true, force: true }) };
    const pack = await largestPack(copy);
    await chmod(pack, 0o600);
    await harm(pack);
    const repository = openRepository({
      url: copy,
      password: { kind: "text", text: place.password },
      cacheDirectory: join(place.directory, "other-cache"),
      baseEnv: { PATH: [join(import.meta.dirname, "../../.tools/bin"), process.env.PATH].join(delimiter) },
    });
    expect(await complaints(good, repository)).not.toEqual([]);
    expect(await takeStreams()).not.toContain("LARGE");
    expect(await problemsOf(place, good, { repository })).not.toEqual([]);
  });
});
