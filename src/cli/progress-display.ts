import type { Progress } from "../vault/progress.ts";
import type { Printer } from "./printer.ts";
import { type Expected, finishedLine, ProgressTracker } from "./progress-tracker.ts";

/** On a terminal the line is redrawn this often; elsewhere a line is written this often. */
const redrawMs = 200;
const plainMs = 10_000;

export interface ProgressDisplay extends Disposable {
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Shows progress until released: one redrawn line on a terminal; elsewhere a line for each finished stream and one
 * every ten seconds. `clock` in milliseconds, for tests.
 */
export function showProgress(
  printer: Printer,
  expected: Expected,
  clock: () => number = () => performance.now(),
): ProgressDisplay {
  const tracker = new ProgressTracker(expected);
  let shown = clock();
  let last: string | undefined;
  const show = () => {
    const line = tracker.line(clock());
    if (printer.isLive) printer.live(line);
    else if (line !== undefined && line !== last) printer.note(line);
    last = line;
    shown = clock();
  };
  const periodMs = printer.isLive ? redrawMs : plainMs;
  const timer = setInterval(show, periodMs);
  timer.unref();
  return {
    onProgress(progress) {
      tracker.update(progress, clock());
      const finished = finishedLine(progress);
      if (finished !== undefined && !printer.isLive) printer.note(finished);
      if (clock() - shown >= periodMs) show();
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      printer.live(undefined);
    },
  };
}
