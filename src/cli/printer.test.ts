import { describe, expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { MemorySink } from "./memory-sink.ts";
import { createPrinter, type PrinterOptions } from "./printer.ts";

const failure = new Failure("stream-not-found", "backing up: there is no stream A\u001b[2JB", {
  cause: new Error("err_code 10059\nsecond line"),
});

function printing(options: Partial<PrinterOptions>, terminal?: { readonly columns: number }) {
  const stdout = new MemorySink();
  const stderr = new MemorySink(terminal === undefined ? {} : { isTerminal: true, ...terminal });
  const printer = createPrinter({ stdout, stderr }, { format: "text", quiet: false, verbose: false, ...options });
  return { printer, stdout, stderr };
}

describe("text", () => {
  test("what was asked for and what was done go to standard output, the rest to standard error", () => {
    const { printer, stdout, stderr } = printing({});
    printer.lines("a", "b");
    printer.done("c");
    printer.note("n");
    printer.detail("d");
    printer.warn("w");
    printer.document({ ignored: true });
    expect(stdout.text).toBe("a\nb\nc\n");
    expect(stderr.text).toBe("n\ncoldstream: warning: w\n");
  });

  test("--quiet leaves what was asked for, warnings and failures", () => {
    const { printer, stdout, stderr } = printing({ quiet: true }, { columns: 80 });
    printer.lines("a");
    printer.done("c");
    printer.note("n");
    printer.warn("w");
    printer.live("l");
    printer.failure(failure);
    expect(stdout.text).toBe("a\n");
    expect(stderr.text.split("\n")).toEqual([
      "coldstream: warning: w",
      "coldstream: backing up: there is no stream A\\x1b[2JB: err_code 10059 second line",
      `  ${failure.hint}`,
      "",
    ]);
  });

  test("--verbose adds the code, facts and causes of a failure", () => {
    const { printer, stderr } = printing({ verbose: true });
    printer.detail("d");
    printer.failure(new Failure("backup-failed", "backing up", { cause: new Error("why"), details: { errorCode: 7 } }));
    expect(stderr.text).toBe("d\ncoldstream: backing up: why\n  code: backup-failed\n  errorCode: 7\n  because: why\n");
  });

  test("--verbose shows the stack of what nobody expected, and only of that", () => {
    const { printer, stderr } = printing({ verbose: true });
    printer.failure(Failure.from(new TypeError("x is not a function")));
    expect(stderr.text).toMatch(/code: unexpected\n[\s\S]*\n {2} {4}at .*printer\.test\.ts/);
  });
});

describe("a terminal's last line", () => {
  test("is redrawn, makes room for others, and is gone in the end", () => {
    const { printer, stderr, stdout } = printing({}, { columns: 80 });
    printer.live("10 %");
    printer.live("20 %");
    printer.lines("ORDERS");
    printer.live(undefined);
    printer.live(undefined);
    expect(stderr.text).toBe("\r\x1b[K10 %\r\x1b[K20 %\r\x1b[K20 %\r\x1b[K");
    expect(stdout.text).toBe("ORDERS\n");
  });

  test("never wraps", () => {
    const { printer, stderr } = printing({}, { columns: 10 });
    printer.live("0123456789abcdef");
    expect(stderr.text).toBe("\r\x1b[K01234567");
  });

  test("is not drawn where there is no terminal", () => {
    const { printer, stderr } = printing({});
    printer.live("10 %");
    expect(stderr.text).toBe("");
  });
});

describe("JSON", () => {
  test("is one document, with 64-bit numbers, times and failures", () => {
    const { printer, stdout, stderr } = printing({ format: "json" });
    printer.lines("a");
    printer.done("b");
    printer.document({
      sequence: 9_007_199_254_740_993n,
      time: new Date("2026-11-21T03:00:00Z"),
      renames: new Map([["A", "B"]]),
      streams: [{ failure: new Failure("partly-done", "x") }],
      absent: undefined,
    });
    expect(stdout.text).toContain('"sequence": 9007199254740993');
    expect(JSON.parse(stdout.text)).toEqual({
      sequence: expect.any(Number),
      time: "2026-11-21T03:00:00.000Z",
      renames: { A: "B" },
      streams: [{ failure: { code: "partly-done", message: "x", hint: null } }],
    });
    expect(stderr.text).toBe("");
  });

  test("is the failure when there was no result, and standard error says it too", () => {
    const { printer, stdout, stderr } = printing({ format: "json" });
    printer.failure(failure);
    expect(JSON.parse(stdout.text)).toEqual({
      error: {
        code: "stream-not-found",
        message: "backing up: there is no stream A\\x1b[2JB: err_code 10059 second line",
        hint: failure.hint,
      },
    });
    expect(stderr.text).toMatch(/^coldstream: backing up/);
  });

  test("stays one document when a failure follows the result", () => {
    const { printer, stdout } = printing({ format: "json" });
    printer.document({ complete: false });
    printer.failure(new Failure("partly-done", "one failed"));
    expect(JSON.parse(stdout.text)).toEqual({ complete: false });
  });
});
