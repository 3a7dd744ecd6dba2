import { describe, expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import type { Progress } from "../vault/progress.ts";
import { MemorySink } from "./memory-sink.ts";
import { createPrinter } from "./printer.ts";
import { showProgress } from "./progress-display.ts";
import { finishedLine, ProgressTracker } from "./progress-tracker.ts";

const megabyte = 1_000_000;

function capturing(stream: string, done: number, total: number): Progress {
  return { step: "capturing", stream, bytesDone: done * megabyte, bytesTotal: total * megabyte };
}
function captured(stream: string, bytes: number): Progress {
  return { step: "captured", stream, messages: 1000n, bytes: bytes * megabyte };
}
const failed: Progress = { step: "stream-failed", stream: "A", failure: new Failure("timed-out", "x") };

function lineAfter(
  expected: Readonly<Record<string, number>>,
  events: readonly (readonly [number, Progress])[],
  at: number,
) {
  const tracker = new ProgressTracker({
    streams: new Map(Object.entries(expected).map(([name, size]) => [name, size * megabyte])),
  });
  for (const [time, progress] of events) tracker.update(progress, time);
  return tracker.line(at);
}

describe("the line", () => {
  test.each<
    [string, Readonly<Record<string, number>>, readonly (readonly [number, Progress])[], number, string | undefined]
  >([
    ["is absent before anything happens", { A: 1 }, [], 5000, undefined],
    ["shows no rate at the very start", { A: 100 }, [[0, capturing("A", 1, 100)]], 100, "saving    1 %  A"],
    [
      "shows share, rate and time left",
      { A: 100 },
      [[0, capturing("A", 50, 100)]],
      5000,
      "saving   50 %  10 MB/s  5.0 s left  A",
    ],
    [
      "counts streams that wait",
      { A: 100, B: 300 },
      [[0, capturing("A", 100, 100)]],
      10_000,
      "saving   25 %  10 MB/s  30 s left  A",
    ],
    [
      "forgets finished streams' names",
      { A: 100, B: 100 },
      [
        [0, capturing("A", 100, 100)],
        [0, captured("A", 100)],
        [0, capturing("B", 0, 100)],
      ],
      10_000,
      "saving   50 %  10 MB/s  10 s left  B",
    ],
    [
      "counts a failed stream as over",
      { A: 100, B: 100 },
      [
        [0, capturing("B", 50, 100)],
        [0, failed],
      ],
      400,
      "saving   75 %  B",
    ],
    [
      "takes what the work says before what was planned",
      { A: 1000 },
      [[0, capturing("A", 5, 10)]],
      400,
      "saving   50 %  A",
    ],
    [
      "names three streams",
      {},
      ["A", "B", "C", "D", "E"].map((name) => [0, capturing(name, 0, 1)] as const),
      400,
      "saving    0 %  A, B, C and 2 more",
    ],
    ["escapes odd names", {}, [[0, capturing("A\u001b[2J", 0, 1)]], 400, "saving    0 %  A\\x1b[2J"],
    [
      "is about the upload then",
      { A: 100 },
      [
        [0, captured("A", 100)],
        [1000, { step: "uploading", bytesDone: 5 * megabyte, bytesTotal: 10 * megabyte }],
      ],
      2000,
      "storing   50 %  5.0 MB/s  1.0 s left",
    ],
    ["is one word while publishing", {}, [[0, { step: "publishing" }]], 9, "publishing"],
    [
      "is about the restore",
      { A: 10 },
      [[0, { step: "restoring", stream: "A", bytesDone: 5 * megabyte, bytesTotal: 10 * megabyte }]],
      400,
      "restoring   50 %  A",
    ],
    [
      "is about the proof",
      {},
      [
        [0, { step: "proving", stream: "A" }],
        [1, { step: "proven", stream: "A", messages: 1n }],
        [2, { step: "proving", stream: "B" }],
      ],
      9,
      "proving  B, 1 proven",
    ],
  ])("%s", (_title, expected, events, at, line) => expect(lineAfter(expected, events, at)).toBe(line));

  test("never goes back, and never over 100 %", () => {
    const tracker = new ProgressTracker({ streams: new Map() });
    tracker.update(capturing("A", 9, 10), 0);
    expect(tracker.line(100)).toContain(" 90 %");
    tracker.update(capturing("B", 0, 1000), 0);
    expect(tracker.line(100)).toContain(" 90 %");
    tracker.update(capturing("B", 2000, 1000), 0);
    expect(tracker.line(100)).toContain("99 %");
  });
});

test.each<[Progress, string | undefined]>([
  [captured("A", 1), "saved A: 1,000 messages, 976.563 KiB"],
  [{ step: "restored", stream: "A", messages: 1n, bytes: 10 }, "restored A: 1 message, 10 B"],
  [{ step: "proven", stream: "A", messages: 2n }, "proven A: 2 messages"],
  [failed, "failed A"],
  [capturing("A", 1, 2), undefined],
])("$step leaves a line where nothing is redrawn", (progress, line) => expect(finishedLine(progress)).toBe(line));

describe("the display", () => {
  function display(isTerminal: boolean) {
    const stderr = new MemorySink(isTerminal ? { isTerminal, columns: 80 } : {});
    const printer = createPrinter(
      { stdout: new MemorySink(), stderr },
      { format: "text", quiet: false, verbose: false },
    );
    let now = 0;
    const shown = showProgress(printer, { streams: new Map() }, () => now);
    const at = (time: number, progress: Progress) => {
      now = time;
      shown.onProgress(progress);
    };
    return { stderr, shown, at };
  }

  test("redraws one line on a terminal and removes it", () => {
    const { stderr, shown, at } = display(true);
    at(0, capturing("A", 0, 10));
    at(300, capturing("A", 5, 10));
    at(310, capturing("A", 6, 10));
    at(320, captured("A", 10));
    shown[Symbol.dispose]();
    expect(stderr.text).toBe("\r\x1b[Ksaving   50 %  A\r\x1b[K");
  });

  test("writes plain lines elsewhere: each finished stream, and one every ten seconds", () => {
    const { stderr, shown, at } = display(false);
    at(0, capturing("A", 0, 100));
    at(5_000, capturing("A", 25, 100));
    at(10_000, capturing("A", 50, 100));
    at(12_000, capturing("A", 60, 100));
    at(13_000, captured("A", 100));
    shown[Symbol.dispose]();
    expect(stderr.text).toBe("saving   50 %  5.0 MB/s  10 s left  A\nsaved A: 1,000 messages, 95.367 MiB\n");
  });
});
