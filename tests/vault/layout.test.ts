/** Invariant: what plain `restic restore` writes of a snapshot is the layout of docs/format.md, and nothing besides. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { folderName } from "../../src/vault/folder.ts";
import { readIndex, readManifest, type Segment } from "../../src/vault/manifest.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { makePlace } from "../support/place.ts";
import { findProgram } from "../support/programs.ts";
import {
  createConsumer,
  createStream,
  deleteMessage,
  openServer,
  publish,
  publishMany,
  take,
} from "../support/streams.ts";

test("a snapshot restored by restic has the files of the format, and each is what its manifest says", async () => {
  await using server = await startNatsServer();
  await using from = await openServer(server.url);
  const js = from.jetstream;
  await createStream(js, "ORDERS");
  await publishMany(js, "ORDERS", 20_000, 900);
  await deleteMessage(js, "ORDERS", 20_000n);
  await createConsumer(js, "ORDERS", "odd[1]");
  await take(js, { stream: "ORDERS", consumer: "odd[1]", count: 5, isAcknowledged: () => true });
  await createStream(js, "a?b", { subjects: ["ab"] });
  await publish(js, "ab", "one");
  await using place = await makePlace({ isEmpty: true });
  const report = await place.backUp(js);
  const out = join(place.directory, "out");
  await execa(findProgram("restic") ?? "", ["restore", report.snapshot, "--target", out, "--quiet"], {
    env: {
      RESTIC_REPOSITORY: join(place.directory, "repository"),
      RESTIC_PASSWORD: place.password,
      RESTIC_CACHE_DIR: join(place.directory, "cache"),
    },
  });

  const index = readIndex(await readFile(join(out, "coldstream.json"), "utf8"));
  expect(index.streams.map(({ stream }) => stream).toSorted()).toEqual(["ORDERS", "a?b"]);
  expect(index.streams.map(({ stream, folder }) => folder === folderName(stream))).toEqual([true, true]);
  const expected = ["coldstream.json"];
  for (const { folder } of index.streams) {
    const directory = join(out, "streams", folder);
    const manifest = readManifest(await readFile(join(directory, "manifest.json"), "utf8"));
    const blocks: Segment[] = [...manifest.segments, ...(manifest.tombstones === null ? [] : [manifest.tombstones])];
    for (const block of blocks) await expectBlock(directory, block);
    const consumers = manifest.consumers.flatMap((one) =>
      ["meta.inf", "meta.sum", "o.dat"].map((name) => `obs/${one.folder}/${name}`),
    );
    const files = ["manifest.json", "meta.inf", "meta.sum", ...blocks.map(({ file }) => file), ...consumers];
    expected.push(...files.map((file) => `streams/${folder}/${file}`));
    if (manifest.stream === "ORDERS")
      expect([manifest.segments.length > 1, manifest.tombstones !== null]).toEqual([true, true]);
  }
  expect(await filesIn(out)).toEqual(expected.toSorted());
});

async function expectBlock(directory: string, { file, number, sha256, bytes }: Segment): Promise<void> {
  const content = await readFile(join(directory, file));
  expect(createHash("sha256").update(content).digest("hex")).toBe(sha256);
  expect(BigInt(content.length)).toBe(bytes);
  const name = `${number.toString().padStart(12, "0")}-${sha256.slice(0, 16)}.blk`;
  expect(file).toMatch(/^(segments\/\d{5}|tombstones)\/[^/]+$/);
  expect(file.endsWith(`/${name}`)).toBe(true);
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((file) => relative(directory, join(file.parentPath, file.name))).toSorted();
}
