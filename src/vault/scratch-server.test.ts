/** Invariant: a scratch server goes with the process that started it, however that ends, and takes its folder along. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { natsServerProgram } from "../../tests/support/programs.ts";
import { startScratchServer } from "./scratch-server.ts";

const program = natsServerProgram() ?? "";
const env = { PATH: "/usr/bin:/bin" };

async function inFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "coldstream-scratch-test-"));
  try {
    await act(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isListening(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

test("released", async () => {
  await inFolder(async (folder) => {
    const server = await startScratchServer(program, folder, { signal: new AbortController().signal, env });
    expect(await isListening(server.url)).toBe(true);
    await server[Symbol.asyncDispose]();
    expect([await isListening(server.url), await readdir(folder)]).toEqual([false, []]);
  });
});

test("killed hard", async () => {
  await inFolder(async (folder) => {
    const script = `
      const { startScratchServer } = await import(${JSON.stringify(join(import.meta.dirname, "scratch-server.ts"))});
      const options = { signal: new AbortController().signal, env: ${JSON.stringify(env)} };
      const server = await startScratchServer(${JSON.stringify(program)}, ${JSON.stringify(folder)}, options);
      console.log(server.url);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const url = await new Promise<string>((resolve) =>
      child.stdout.once("data", (bytes) => resolve(String(bytes).trim())),
    );
    expect(await isListening(url)).toBe(true);
    child.kill("SIGKILL");
    for (let waited = 0; waited < 10_000 && (await readdir(folder)).length > 0; waited += 100) await sleep(100);
    expect([await isListening(url), await readdir(folder)]).toEqual([false, []]);
  });
});

test("a program that is no server is named, with the last line it said", async () => {
  await inFolder(async (folder) => {
    const starting = startScratchServer("/bin/false", folder, { signal: new AbortController().signal, env });
    await expect(starting).rejects.toMatchObject({ code: "program-failed" });
    expect(await readdir(folder)).toEqual([]);
  });
});
