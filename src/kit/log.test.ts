import { describe, expect, test } from "vitest";
import { jsonLog } from "./log.ts";

describe("a log", () => {
  const lines: string[] = [];
  const log = jsonLog(
    (line) => lines.push(line),
    () => new Date("2026-11-21T03:00:00Z"),
  );

  test("writes one JSON document a line", () => {
    log.info({ configuration: "demo/nightly", seconds: 3 }, "reconciled");
    expect(lines.pop()).toBe(
      '{"level":"info","time":"2026-11-21T03:00:00.000Z","configuration":"demo/nightly","seconds":3,"msg":"reconciled"}\n',
    );
  });
  test("tells errors with their causes", () => {
    log.error({ error: new Error("reading", { cause: new Error("refused") }) }, "reconcile failed");
    expect(JSON.parse(lines.pop() ?? "")).toMatchObject({ level: "error", error: "reading: refused" });
  });
});
