import { failureTable } from "../kit/failures.ts";

const meanings: readonly (readonly [number, string])[] = [
  [0, "done"],
  [1, "failed (also: full disk, JetStream not enabled)"],
  [2, "wrong use: option, argument, setting"],
  [3, "done in part: a stream or consumer failed or was left out"],
  [4, "refused, nothing was changed: conflict, plan, no --yes"],
  [5, "damage found, or not proven"],
  [10, "no repository at that address"],
  [11, "the repository is locked by another run"],
  [12, "wrong repository password"],
  [13, "the repository cannot be reached"],
  [14, "not found: stream, snapshot or object"],
  [15, "a program is missing: restic, nats-server"],
  [16, "timed out"],
  [20, "the NATS or API server cannot be reached"],
  [21, "not permitted: wrong credentials, or a permission is missing"],
  [130, "interrupted; nothing half-done was left"],
];

/** What `coldstream help exit` prints: each status, what it means, and the codes of JSON output that have it. */
export function exitStatusLines(): string[] {
  const lines = ["Exit statuses, and the error codes in JSON output that go with them:", ""];
  for (const [status, meaning] of meanings) {
    const codes = Object.entries(failureTable).filter(([, entry]) => entry.exit === status);
    lines.push(`${String(status).padStart(4)}  ${meaning}`);
    for (let at = 0; at < codes.length; at += 5) {
      const row = codes.slice(at, at + 5).map(([code]) => code);
      lines.push(`      ${row.join(", ")}`);
    }
  }
  return lines;
}
