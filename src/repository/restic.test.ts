import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { extract } from "tar-stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { makeWorkbench, type Workbench } from "../../tests/support/restic.ts";
import { encodeTagValue } from "./published.ts";
import type { BackupProgress, BackupSummary, Repository } from "./restic.ts";

let bench: Workbench;
let repository: Repository;
let first: BackupSummary;
let second: BackupSummary;
let published: string;
const seen: BackupProgress[] = [];
const oddName = "a,b [c]?%\n*жук";
const firstTime = new Date("2026-01-02T03:04:05.678Z");

beforeAll(async () => {
  bench = await makeWorkbench();
  repository = bench.open();
  await bench.write({
    "coldstream.json": "{}",
    "streams/A/manifest.json": "A",
    "streams/A/segments/000/1.blk": Buffer.alloc(5_000_000, "x"),
    "streams/B/manifest.json": "B",
    "streams/B/b.blk": "bbb",
  });
  await repository.initialize({});
  first = await repository.backup(
    {
      directory: bench.source,
      host: "draft.coldstream",
      tags: [`target=${encodeTagValue(oddName)}`, "complete"],
      time: firstTime,
    },
    { onProgress: (progress) => seen.push(progress) },
  );
  await bench.write({ "streams/B/b.blk": "changed", "streams/C/c.blk": "new" });
  const request = { directory: bench.source, host: "draft.coldstream", tags: ["complete"], parent: first.snapshotId };
  second = await repository.backup(request, {});
  published = await repository.rewrite(
    first.snapshotId,
    { host: "host-0", time: new Date("2025-07-01T00:30:00.900Z") },
    {},
  );
});
afterAll(async () => await bench[Symbol.asyncDispose]());

/** The regular files of a tar archive. */
async function untar(bytes: AsyncIterable<Uint8Array>): Promise<Record<string, string>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  const files: Record<string, string> = {};
  const reader = extract();
  reader.on("entry", ({ name, type }, body, next) => {
    const parts: Uint8Array[] = [];
    body.on("data", (part) => parts.push(part as Uint8Array));
    body.on("end", () => {
      if (type === "file") files[name] = Buffer.concat(parts).toString();
      next();
    });
  });
  reader.end(Buffer.concat(chunks));
  await finished(reader);
  return files;
}

describe("backup", () => {
  test("counts what is new", () => {
    expect(first).toMatchObject({ filesNew: 5, filesChanged: 0, filesUnmodified: 0, totalFilesProcessed: 5 });
    expect(first.totalBytesProcessed).toBe(5_000_000 + 2 + 1 + 1 + 3);
    expect(first.snapshotId).toMatch(/^[0-9a-f]{64}$/);
    expect(first.dataAddedPacked).toBeLessThan(first.dataAdded);
  });

  test("reports progress", () => {
    for (const { percentDone } of seen) expect(percentDone).toBeLessThanOrEqual(1);
  });

  test("with a parent counts what changed", () => {
    expect(second).toMatchObject({ filesNew: 1, filesChanged: 1, filesUnmodified: 4 });
  });

  test("with a parent takes over a file that lies there as a placeholder of the same size and time", async () => {
    const file = join(bench.source, "streams/A/segments/000/1.blk");
    await using other = await makeWorkbench();
    const old = other.open();
    await old.initialize({});
    await other.write({ "s.blk": "real" });
    await utimes(join(other.source, "s.blk"), 1_700_000_000, 1_700_000_000);
    const request = { directory: other.source, host: "draft.coldstream", tags: [] };
    const { snapshotId: parent } = await old.backup(request, {});
    await writeFile(join(other.source, "s.blk"), "fake");
    await utimes(join(other.source, "s.blk"), 1_700_000_000, 1_700_000_000);
    const { snapshotId, filesUnmodified } = await old.backup({ ...request, parent }, {});
    expect(filesUnmodified).toBe(1);
    expect(Buffer.from(await old.readFile(snapshotId, "/s.blk", {})).toString()).toBe("real");
    expect(await old.diff(parent, snapshotId, {})).toEqual({ changes: [], changedFiles: 0 });
    // without a parent nothing is taken over, though restic would find one by host and path
    const forced = await old.backup(request, {});
    expect(Buffer.from(await old.readFile(forced.snapshotId, "/s.blk", {})).toString()).toBe("fake");
    expect((await readFile(file)).length).toBe(5_000_000);
  });

  test.each([["a,b"], [" a"], [""]])("refuses the tag %j, which restic would change", async (tag) => {
    const request = { directory: bench.source, host: "h", tags: [tag] };
    expect(await failureOf(repository.backup(request, {}))).toMatchObject({ code: "usage" });
  });
});

describe("snapshots", () => {
  test("are listed oldest first, with tags as they were given", async () => {
    const [one, two, three] = await repository.snapshots({}, {});
    expect(one).toMatchObject({ id: published, host: "host-0", original: first.snapshotId });
    expect(one?.tags).toEqual([`target=${encodeTagValue(oddName)}`, "complete", "rewrite"]);
    expect(one?.time).toEqual(new Date("2025-07-01T00:30:00Z"));
    expect(two).toMatchObject({ id: first.snapshotId, time: new Date("2026-01-02T03:04:05Z"), paths: [bench.source] });
    expect(two?.tree).toBe(one?.tree);
    expect(three).toMatchObject({ id: second.snapshotId, parent: first.snapshotId });
    expect(three?.summary).toMatchObject({ filesChanged: 1, totalBytesProcessed: second.totalBytesProcessed });
  });

  test("are found by id, host and all of the given tags", async () => {
    const ids = async (filter: Parameters<Repository["snapshots"]>[0]) =>
      (await repository.snapshots(filter, {})).map(({ id }) => id);
    expect(await ids({ ids: [first.snapshotId.slice(0, 8)] })).toEqual([first.snapshotId]);
    expect(await ids({ hosts: ["host-0", "other"] })).toEqual([published]);
    expect(await ids({ tags: ["complete", `target=${encodeTagValue(oddName)}`] })).toEqual([
      published,
      first.snapshotId,
    ]);
    expect(await failureOf(ids({ ids: ["0123456789"] }))).toMatchObject({ code: "snapshot-not-found" });
    expect(await failureOf(ids({ ids: ["--prune"] }))).toMatchObject({ code: "snapshot-not-found" });
  });
});

describe("reading", () => {
  test("dumps a folder as tar, names from the snapshot's root", async () => {
    expect(await untar(repository.dump(second.snapshotId, "/streams/B", {}))).toEqual({
      "streams/B/b.blk": "changed",
      "streams/B/manifest.json": "B",
    });
  });

  test("ends restic when the consumer stops early", async () => {
    for await (const chunk of repository.dump(published, "/", {})) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(await repository.locks({})).toEqual([]);
  });

  test("fails at the end for a folder or a snapshot that is not there", async () => {
    expect(await failureOf(untar(repository.dump(published, "/streams/X", {})))).toMatchObject({
      code: "snapshot-not-found",
    });
    expect(await failureOf(untar(repository.dump("0123456789", "/", {})))).toMatchObject({
      code: "snapshot-not-found",
    });
  });

  test("reads one file, and names one that is not there", async () => {
    expect(Buffer.from(await repository.readFile(published, "streams/B/b.blk", {})).toString()).toBe("bbb");
    const failure = await failureOf(repository.readFile(published, "/none.json", {}));
    expect(failure).toMatchObject({ code: "snapshot-not-found", details: { path: "/none.json" } });
  });

  test("extracts what fits a pattern", async () => {
    const target = join(bench.directory, "target");
    await repository.extract(published, { include: ["/coldstream.json", "/streams/*/manifest.json"], target }, {});
    const names = await readdir(target, { recursive: true });
    expect(names.sort()).toEqual(
      [
        "coldstream.json",
        "streams",
        "streams/A",
        "streams/A/manifest.json",
        "streams/B",
        "streams/B/manifest.json",
      ].sort(),
    );
  });

  test("lists files, and those of one folder", async () => {
    const all = await repository.list(second.snapshotId, {});
    expect(all.find(({ path }) => path === "/streams/C/c.blk")).toMatchObject({ type: "file", sizeBytes: 3 });
    const streams = await repository.list(second.snapshotId, { folder: "/streams" });
    expect(streams.map(({ path }) => path)).toEqual(["/streams/A", "/streams/B", "/streams/C"]);
  });

  test("tells what differs", async () => {
    const { changes, changedFiles } = await repository.diff(first.snapshotId, second.snapshotId, {});
    expect(changes).toEqual([
      { path: "/streams/B/b.blk", modifier: "M" },
      { path: "/streams/C/", modifier: "+" },
      { path: "/streams/C/c.blk", modifier: "+" },
    ]);
    expect(changedFiles).toBe(1);
  });
});

describe("upkeep", () => {
  test("a sound repository passes the check, its data too", async () => {
    const report = await repository.check({ readDataSubset: "100%" });
    expect(report).toEqual({ ok: true, errors: [], brokenPacks: [], suggestRepairIndex: false });
    expect((await repository.stats({})).totalBytes).toBeGreaterThan(0n);
  });

  test("is made once", async () => {
    expect(await failureOf(repository.initialize({}))).toMatchObject({ code: "repository-exists" });
    expect(await repository.probe({})).toBe("present");
    expect((await repository.config({})).id).toMatch(/^[0-9a-f]{64}$/);
  });

  test("a rewrite of a rewrite leads back to its own original", async () => {
    const again = await repository.rewrite(published, { time: new Date("2026-03-01T00:00:00Z") }, {});
    const [snapshot] = await repository.snapshots({ ids: [again] }, {});
    expect(snapshot).toMatchObject({ original: published, host: "host-0" });
    expect(await failureOf(repository.rewrite("0123456789", { host: "h" }, {}))).toMatchObject({
      code: "snapshot-not-found",
    });
  });

  test("forgets by id, unknown ids too, and prunes", async () => {
    const before = await repository.stats({});
    const all = await repository.snapshots({}, {});
    const others = all.filter(({ id }) => id !== second.snapshotId);
    await repository.forget([...others.map(({ id }) => id), "0123456789"], { prune: true });
    expect((await repository.snapshots({}, {})).map(({ id }) => id)).toEqual([second.snapshotId]);
    expect((await repository.stats({})).blobs).toBeLessThan(before.blobs);
    await repository.forget([], {});
  });
});
