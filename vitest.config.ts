import { delimiter, join } from "node:path";
import { defineConfig } from "vitest/config";

// Tests must not meet the settings of whoever runs them: a RESTIC_REPOSITORY or a NATS_CONTEXT may name something real.
for (const name of Object.keys(process.env)) {
  if (/^(RESTIC|NATS)_/.test(name)) delete process.env[name];
}

const isLong = process.env.COLDSTREAM_LONG === "1";

export default defineConfig({
  test: {
    // *.long.ts: of `npm run test:long` alone
    include: [
      "src/**/*.test.ts",
      "tests/**/*.test.ts",
      "scripts/**/*.test.ts",
      ...(isLong ? ["tests/**/*.long.ts"] : []),
    ],
    // Twice what `eventually` waits: what never comes is told by name, also in a test that waits for several things.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A look may cost a process, and the machine may be busy: vitest's own second is short.
    expect: { poll: { timeout: 20_000 } },
    // One more than the processors of the smallest machine we care for: tests mostly wait, for servers and for time.
    maxWorkers: 3,
    pool: "forks",
    // What setup fetched comes first, also when vitest is called without npm.
    env: { PATH: [join(import.meta.dirname, ".tools/bin"), process.env.PATH].join(delimiter) },
  },
});
