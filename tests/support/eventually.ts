import { setTimeout as sleep } from "node:timers/promises";

/** Between two looks: short at first, then a tenth of what was waited so far. A look may cost a process. */
const [leastMs, mostMs] = [50, 250];

/** Asks again and again until the answer is neither undefined nor false; throws after a minute. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  { timeoutMs = 60_000 }: { readonly timeoutMs?: number } = {},
): Promise<T> {
  const begun = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    const waited = performance.now() - begun;
    if (waited > timeoutMs) throw new Error(`${what}: not after ${timeoutMs / 1000} s`);
    await sleep(Math.min(mostMs, Math.max(leastMs, waited / 10)));
  }
}
