import { appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepMarks, readLog } from "./log-file.ts";
import type { LogQuery } from "./log-lines.ts";
import { beginOf, trimLog } from "./log-trim.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "coldstream-trim-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Twenty bytes each. */
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `this is line ${String(from + index).padStart(6, "0")}\n`).join("");
const logOf = () => join(folder, "log");
const trim = async () => {
  const [from, { size }] = [await beginOf(folder), await stat(logOf())];
  return await trimLog(folder, { from, size }, { keptBytes: 200_000 });
};

function reading(query: Partial<LogQuery>, isOver = () => true): AsyncGenerator<Uint8Array> {
  const whole = { follow: false, timestamps: false, previous: false, ...query };
  return readLog(folder, { query: whole, isOver, signal: new AbortController().signal });
}

async function read(query: Partial<LogQuery> = {}): Promise<string> {
  return Buffer.concat(await Array.fromAsync(reading(query))).toString();
}

test.each<[string, number, number]>([
  ["a log that is not too long stays", 20_000, 0],
  ["of one that is its last lines stay, whole", 20_001, 10_001],
  ["of a very long one too", 100_000, 90_000],
])("%s", async (_title, count, first) => {
  await writeFile(logOf(), lines(0, count));
  await trim();
  const told = await read();
  expect(told).toBe(lines(first, count));
  expect(await read({ tailLines: 200_000 })).toBe(told);
  expect(await read({ tailLines: 3 })).toBe(lines(count - 3, count));
});

test("what goes takes no room any more, and nor do its times", async () => {
  await writeFile(logOf(), lines(0, 50_000));
  await writeFile(join(folder, "times"), "800000 2026-11-21T10:00:00.000Z\n1000000 2026-11-21T10:00:05.000Z\n");
  await trim();
  expect((await stat(logOf())).blocks * 512).toBeLessThan(250_000);
  expect(await readFile(join(folder, "times"), "utf8")).toBe("1000000 2026-11-21T10:00:05.000Z\n");
  expect(await read({ timestamps: true, limitBytes: 45 })).toBe("2026-11-21T10:00:05.000Z this is line 040000\n");
});

test("who follows gets every line, also when the begin goes", async () => {
  await writeFile(logOf(), lines(0, 15_000));
  let isOver = false;
  const following = reading({ follow: true }, () => isOver);
  const got: Uint8Array[] = [];
  for (let bytes = 0; bytes < 300_000; ) {
    const { value } = await following.next();
    got.push(value);
    bytes += value.length;
  }
  await appendFile(logOf(), lines(15_000, 25_000));
  await trim();
  await appendFile(logOf(), lines(25_000, 26_000));
  isOver = true;
  for await (const piece of following) got.push(piece);
  expect(Buffer.concat(got).toString()).toBe(lines(0, 26_000));
});

test("who reads what has gone meanwhile goes on where the log begins", async () => {
  await writeFile(logOf(), lines(0, 50_000));
  const slow = reading({});
  const { value: before } = await slow.next();
  await trim();
  const after = Buffer.concat(await Array.fromAsync(slow)).toString();
  expect(Buffer.from(before).toString()).toBe(lines(0, 50_000).slice(0, before.length));
  expect(after).toBe(lines(40_000, 50_000));
});

test("whoever keeps the times of a log keeps its end only", async () => {
  const all = lines(0, 1_100_000);
  await writeFile(logOf(), all);
  await keepMarks(folder, { signal: AbortSignal.abort() });
  const told = await read();
  expect(told.length).toBeLessThanOrEqual(10 * 1024 * 1024);
  expect(told).toMatch(/^this/);
  expect(told === all.slice(-told.length)).toBe(true);
});

test("where the disk takes nothing the log is as it was, and is looked at again once it has grown", async () => {
  await writeFile(logOf(), lines(0, 50_000));
  // it cannot be written
  await mkdir(join(folder, "first.part"));
  expect(await trim()).toBe(1_000_000);
  expect(await read()).toBe(lines(0, 50_000));
});
