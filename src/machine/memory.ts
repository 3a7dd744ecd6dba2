import { readProcesses, residentBytes } from "./proc.ts";
import type { Run } from "./process.ts";

/** Looks after limits.memory: there is no kernel group here that would. */
export interface MemoryWatch {
  /** Kills the run when it holds more than this. Undone by the function it gives back. */
  watch(run: Run, limitBytes: number): () => void;
  stop(): void;
}

const lookMs = 1000;

export function watchMemory(): MemoryWatch {
  const watched = new Map<Run, number>();
  let timer: NodeJS.Timeout | undefined;
  function look(): void {
    const processes = readProcesses();
    for (const [run, limitBytes] of watched) {
      if (residentBytes(run.members(processes)) <= limitBytes) continue;
      watched.delete(run);
      void run.kill("OOMKilled");
    }
    if (watched.size === 0) stop();
  }
  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }
  return {
    watch(run, limitBytes) {
      watched.set(run, limitBytes);
      timer ??= setInterval(look, lookMs).unref();
      return () => void watched.delete(run);
    },
    stop,
  };
}
