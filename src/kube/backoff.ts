export interface BackOff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/**
 * Of work on an object. Five minutes at most, so that a Secret that was set right is noticed soon even where nobody watches it.
 */
export const workBackOff: BackOff = { firstMs: 200, mostMs: 5 * 60_000 };

/** Milliseconds to wait after `failures` failures in a row; `chance` (0 to 1) spreads those that failed together. */
export function backOffMs(failures: number, chance: number, { firstMs, mostMs }: BackOff = workBackOff): number {
  if (failures <= 0) return 0;
  return Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 40)) * (0.75 + chance / 4);
}
