import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../src/kit/program.ts";

const root = join(import.meta.dirname, "..");
const signal = new AbortController().signal;
const PATH = process.env["PATH"] ?? "";

describe("npm run build", () => {
  let folder: string;
  const run = async (args: readonly string[], cwd = root) =>
    await runProgram(process.execPath, args, { signal, cwd, env: { PATH, HOME: folder } });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "coldstream-build-"));
    // as an installed package lies: what it needs beside it, no source
    for (const name of ["package.json", "node_modules"]) await symlink(join(root, name), join(folder, name));
    const built = await run(["scripts/build.ts", join(folder, "dist")]);
    expect(built).toMatchObject({ exitCode: 0 });
  }, 180_000);
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  test.each([[["--help"]], [["--version"]], [["catalog"]], [["crds"]], [["completion", "bash"]]])(
    "coldstream %s says the same as from the source",
    async (args) => {
      const built = await run([join(folder, "dist/cli/main.js"), ...args]);
      const source = await run([join(root, "src/cli/main.ts"), ...args]);
      expect(built.stdout.length).toBeGreaterThan(5);
      expect([built.exitCode, built.stdout]).toEqual([source.exitCode, source.stdout]);
    },
  );
});
