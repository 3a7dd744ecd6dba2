import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { Failure } from "./failures.ts";
import { catchInterrupts } from "./interrupt.ts";

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("the first %s aborts, the second ends at once", (name) => {
  const source = new EventEmitter();
  const calls: string[] = [];
  const interrupts = catchInterrupts(source, {
    endNow: () => calls.push("end"),
    onFirst: () => calls.push("first"),
  });
  expect(interrupts.signal.aborted).toBe(false);
  source.emit(name);
  expect(Failure.is(interrupts.signal.reason, "interrupted")).toBe(true);
  expect(interrupts.signal.reason.details).toEqual({ signal: name });
  expect(calls).toEqual(["first"]);
  source.emit("SIGINT");
  expect(calls).toEqual(["first", "end"]);
});

test("after release, signals are no longer caught", () => {
  const source = new EventEmitter();
  catchInterrupts(source, { endNow: () => {} })[Symbol.dispose]();
  expect(source.eventNames().length).toBe(0);
});
