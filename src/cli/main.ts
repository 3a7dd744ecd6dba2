import { constants } from "node:os";
import { Failure } from "../kit/failures.ts";
import { catchInterrupts } from "../kit/interrupt.ts";
import { programVersion } from "../kit/version.ts";
import { confirmOn } from "./confirm.ts";
import { readEnvironment } from "./environment.ts";
import { failureLines } from "./failure-text.ts";
import type { TextSink } from "./printer.ts";
import { run } from "./run.ts";

/** The process around `run`: signals, streams, the exit status. */

function sinkOf(stream: NodeJS.WriteStream): TextSink {
  let isGone = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    isGone = true;
    if (error.code !== "EPIPE") process.exitCode = 1;
  });
  return {
    write: (text) => {
      if (!isGone) stream.write(text);
    },
    isTerminal: stream.isTTY === true,
    get columns() {
      // a terminal that does not know its size says 0
      return stream.columns > 0 ? stream.columns : undefined;
    },
  };
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) return resolve();
    stream.once("drain", resolve).once("error", () => resolve());
  });
}

const stdout = sinkOf(process.stdout);
const stderr = sinkOf(process.stderr);
using interrupts = catchInterrupts(process, {
  onFirst: () => stderr.isTerminal && stderr.write("\ncleaning up; Ctrl-C again ends at once\n"),
  endNow: () => process.exit(128 + constants.signals.SIGINT),
});
// a promise that nobody waited for: said like any other failure, never as a stack trace
process.on("uncaughtException", (error) => {
  stderr.write(`${failureLines(Failure.from(error)).join("\n")}\n`);
  process.exit(1);
});
const status = await run(process.argv.slice(2), {
  environment: readEnvironment(),
  stdout,
  stderr,
  signal: interrupts.signal,
  confirm: confirmOn(process.stdin, process.stderr, interrupts.signal),
  version: programVersion(),
});
await Promise.all([drained(process.stdout), drained(process.stderr)]);
// A socket or timer that someone forgot must not keep the shell waiting.
process.exit(status);
