/** Numbers that a seed decides (mulberry32), so that a failure can be repeated: COLDSTREAM_SEED=... */
export interface Random {
  readonly seed: number;
  /** A whole number from 0 up to, not including, `below`. */
  below(below: number): number;
}

/** Prints its seed, which COLDSTREAM_SEED overrides; `usual`: the same each time without that. */
export function seededRandom(what: string, usual?: number): Random {
  const seed = Number(process.env.COLDSTREAM_SEED ?? usual ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`${what}: COLDSTREAM_SEED=${seed}`);
  let state = seed >>> 0;
  return {
    seed,
    below(limit) {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
    },
  };
}
