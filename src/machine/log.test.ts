import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keepMarks, logTail, readLog } from "./log-file.ts";
import { formatMark, type LogQuery, logQueryOf, offsetSince, parseMarks, stampLines, timeAt } from "./log-lines.ts";

const at = (time: string) => new Date(`2026-11-21T${time}Z`);
const signal = new AbortController().signal;

describe("logQueryOf", () => {
  const none = { follow: false, timestamps: false, previous: false };
  test.each<[string, LogQuery | undefined]>([
    ["", none],
    ["follow=true&timestamps=true&previous=true", { follow: true, timestamps: true, previous: true }],
    ["tailLines=0&limitBytes=10", { ...none, tailLines: 0, limitBytes: 10 }],
    ["sinceSeconds=60", { ...none, since: at("09:59:00") }],
    ["sinceTime=2026-11-21T08:00:00Z", { ...none, since: at("08:00:00") }],
    ["tailLines=x", undefined],
    ["tailLines=-1", undefined],
    ["sinceTime=yesterday", undefined],
  ])("reads %s", (text, query) => expect(logQueryOf(new URLSearchParams(text), at("10:00:00"))).toEqual(query));
});

describe("marks", () => {
  const marks = [
    { offset: 10, time: at("10:00:00") },
    { offset: 30, time: at("10:00:05") },
  ];

  test("are read as they were written, a broken end left out", () => {
    expect(parseMarks(`${marks.map(formatMark).join("")}45 2026-11`)).toEqual(marks);
  });

  test.each([
    [0, "10:00:00"],
    [9, "10:00:00"],
    [10, "10:00:05"],
    [30, "11:00:00"],
  ])("tell when what begins at %d was written", (offset, time) =>
    expect(timeAt(marks, offset, at("11:00:00"))).toEqual(at(time)),
  );

  test.each([
    ["09:00:00", 0],
    ["10:00:00", 0],
    ["10:00:01", 10],
    ["10:00:06", 30],
  ])("tell where to begin since %s", (time, offset) => expect(offsetSince(marks, at(time))).toBe(offset));
});

test("stampLines puts a time before each line, whichever way it is cut", () => {
  const stamp = stampLines(100, (offset) => new Date(offset * 1000));
  const told = ["one\ntw", "o\n\nfo", "ur"].map((piece) => Buffer.from(stamp(Buffer.from(piece))).toString());
  expect(told.join("")).toBe(
    ["00:01:40", "00:01:44", "00:01:48", "00:01:49"]
      .map((time, at) => `1970-01-01T${time}.000Z ${["one", "two", "", "four"][at]}`)
      .join("\n"),
  );
});

describe("a log file", () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "coldstream-log-"));
  });
  afterAll(async () => await rm(root, { recursive: true }));

  let count = 0;
  async function folderWith(text: string): Promise<string> {
    const folder = join(root, String(count++));
    await mkdir(folder);
    await writeFile(join(folder, "log"), text);
    return folder;
  }

  async function read(folder: string, query: Partial<LogQuery>, isOver = () => true): Promise<string> {
    const whole = { follow: false, timestamps: false, previous: false, ...query };
    const chunks = await Array.fromAsync(readLog(folder, { query: whole, isOver, signal }));
    return Buffer.concat(chunks).toString();
  }

  const long = Array.from({ length: 30_000 }, (_, at) => `line ${at}`).join("\n");

  test.each<[string, string, Partial<LogQuery>, string]>([
    ["all of it", "a\nb\n", {}, "a\nb\n"],
    ["nothing of an empty one", "", { tailLines: 3 }, ""],
    ["the last lines", "a\nb\nc\n", { tailLines: 2 }, "b\nc\n"],
    ["the last lines without an end", "a\nb\nc", { tailLines: 2 }, "b\nc"],
    ["empty lines too", "a\n\n\n", { tailLines: 2 }, "\n\n"],
    ["fewer lines than asked", "a\nb", { tailLines: 9 }, "a\nb"],
    ["no line", "a\nb", { tailLines: 0 }, ""],
    ["the last of a long one", long, { tailLines: 1 }, "line 29999"],
    ["so many bytes", "a\nb\nc\n", { limitBytes: 3 }, "a\nb"],
  ])("gives %s", async (_title, text, query, expected) => {
    expect(await read(await folderWith(text), query)).toBe(expected);
  });

  test("gives many of the last lines of a long one", async () => {
    expect(await read(await folderWith(long), { tailLines: 20_000 })).toBe(long.split("\n").slice(-20_000).join("\n"));
  });

  test("gives times and what came since one", async () => {
    const folder = await folderWith("old\nnew\n");
    await writeFile(join(folder, "times"), "4 2026-11-21T10:00:00.000Z\n8 2026-11-21T10:00:05.000Z\n");
    expect(await read(folder, { timestamps: true })).toBe(
      "2026-11-21T10:00:00.000Z old\n2026-11-21T10:00:05.000Z new\n",
    );
    expect(await read(folder, { since: at("10:00:03") })).toBe("new\n");
  });

  test("is followed to the end of its run", async () => {
    const folder = await folderWith("first\n");
    let isOver = false;
    const all = read(folder, { follow: true }, () => isOver);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await appendFile(join(folder, "log"), "second\n");
    isOver = true;
    expect(await all).toBe("first\nsecond\n");
  });

  test("is marked while it grows", async () => {
    const folder = await folderWith("");
    const stop = new AbortController();
    const kept = keepMarks(folder, stop);
    await appendFile(join(folder, "log"), "one\n");
    await expect.poll(async () => await readFile(join(folder, "times"), "utf8").catch(() => "")).toMatch(/^4 .*Z\n$/);
    await new Promise((resolve) => setTimeout(resolve, 150));
    await appendFile(join(folder, "log"), "two\n");
    stop.abort();
    await kept;
    const told = await read(folder, { timestamps: true });
    const times = told
      .trim()
      .split("\n")
      .map((line) => Date.parse(line.split(" ")[0] ?? ""));
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(100);
  });

  test.each([
    ["what was written before it was first looked at", "", /^6 2\S+Z\n$/],
    ["what was written while nobody looked", "3 2026-11-21T10:00:00.000Z\n", /^3 2026-11-21T10:00:00.000Z\n6 2\S+Z\n$/],
    ["nothing twice", "6 2026-11-21T10:00:00.000Z\n", /^6 2026-11-21T10:00:00.000Z\n$/],
  ])("has a mark of %s", async (_title, before, after) => {
    const folder = await folderWith("early\n");
    await writeFile(join(folder, "times"), before);
    await keepMarks(folder, { signal: AbortSignal.abort() });
    expect(await readFile(join(folder, "times"), "utf8")).toMatch(after);
  });

  test("has an end, as long as asked", async () => {
    const folder = await folderWith("a\nb\nc\n");
    expect(await logTail(folder, { lines: 2, bytes: 100 })).toBe("b\nc\n");
    expect(await logTail(folder, { lines: 2, bytes: 3 })).toBe("\nc\n");
    expect(await logTail(join(root, "none"), { lines: 2, bytes: 3 })).toBe("");
  });
});
