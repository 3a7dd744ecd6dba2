import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { appender, openLogFile } from "./log-file.ts";

/** A disk with so much room, which says so with an error once there is none. */
function disk(room: number, before: (bytes: number) => string = () => "") {
  const told: unknown[] = [];
  const there = { room, text: "", told };
  const write = (bytes: Buffer) => {
    const taken = Math.min(there.room, bytes.length);
    if (taken === 0) throw new Error("ENOSPC");
    there.text += bytes.subarray(0, taken).toString();
    there.room -= taken;
    return taken;
  };
  const beforeLine = (bytes: number) => {
    there.text += before(bytes);
  };
  return { there, append: appender(write, (error) => told.push(error), beforeLine) };
}

test("a line that a full disk took in part is whole when there is room again, and what came meanwhile follows", () => {
  const { there, append } = disk(8);
  for (const line of ["one\n", "second\n", "third\n"]) append(line);
  expect(there).toMatchObject({ text: "one\nseco", told: [new Error("ENOSPC")] });
  there.room = 100;
  append("last\n");
  expect(there.text).toBe("one\nsecond\nthird\nlast\n");
});

test("of more than can wait the oldest go, never a part of a line", () => {
  const { there, append } = disk(10);
  const line = (number: number) => `${number} ${"x".repeat(996)}\n`;
  for (let number = 1; number <= 200; number++) append(line(number));
  there.room = 1_000_000;
  append("last\n");
  const lines = there.text.split("\n");
  expect(lines[0]).toBe(line(1).trim());
  expect(lines.at(-2)).toBe("last");
  expect(lines.length).toBeLessThan(70);
  expect(lines.slice(1, -2).every((text) => /^\d+ x{996}$/.test(text))).toBe(true);
});

test("trouble is told once, and again only after it was over", () => {
  const { there, append } = disk(0);
  append("1");
  append("2");
  there.room = 10;
  append("3");
  there.room = 0;
  append("4");
  expect(there.told).toHaveLength(2);
});

test("what comes before a line comes before the whole of it only", () => {
  const { there, append } = disk(8, (bytes) => `<${bytes}>`);
  for (const line of ["one\n", "second\n"]) append(line);
  there.room = 100;
  append("last\n");
  expect(there.text).toBe("<4>one\n<7>second\n<5>last\n");
});

describe("a file that grows", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "coldstream-log-file-"));
    path = join(folder, "log");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const never = (error: unknown) => {
    throw error;
  };
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `line ${String(from + index).padStart(4, "0")}\n`);
  const text = (name: string) => readFile(join(folder, name), "utf8").catch(() => undefined);

  /** Ten bytes a line, ten lines a file. */
  test.each<[string, number, number, number | undefined]>([
    ["begins where there is none", 0, 7, undefined],
    ["goes on while there is room", 7, 10, undefined],
    ["begins anew when it is full, and is kept", 7, 13, 0],
    ["is kept once", 0, 35, 20],
    ["begins anew at the start where it is full already", 12, 15, 0],
  ])("%s", async (_title, before, after, kept) => {
    if (before > 0) await writeFile(path, lines(0, before).join(""));
    {
      using log = openLogFile(path, never, { mostBytes: 100 });
      for (const line of lines(before, after)) log.write(line);
    }
    const all = [await text("log.1"), await text("log")];
    expect(all.join("")).toBe(lines(kept ?? 0, after).join(""));
    expect(all[0] !== undefined).toBe(kept !== undefined);
  });

  test("takes more where it cannot be moved", async () => {
    await mkdir(`${path}.1/in-the-way`, { recursive: true });
    {
      using log = openLogFile(path, never, { mostBytes: 100 });
      for (const line of lines(0, 25)) log.write(line);
    }
    expect(await text("log")).toBe(lines(0, 25).join(""));
  });
});
