import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Failure } from "./failures.ts";
import { findProgram, type ProgramEnd, readProgram, runProgram, startProgram, stderrTailBytes } from "./program.ts";

const env = { PATH: "/usr/local/bin:/usr/bin:/bin" };
const sh = (script: string): readonly string[] => ["-c", script];

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("returns output, exit status and the end of standard error", async () => {
  const result = await runProgram("sh", sh("echo out; echo err >&2; exit 3"), { env });
  expect(result).toEqual({ exitCode: 3, killedBy: undefined, stdout: "out\n", stderr: "err\n" });
});

test("keeps the last 64 KiB of standard error and hands on every line", async () => {
  const lines: string[] = [];
  const script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done >&2";
  const result = await runProgram("sh", sh(script), { env, onStderrLine: (line) => lines.push(line) });
  expect(lines).toHaveLength(20_000);
  expect(result.stderr.length).toBeLessThanOrEqual(stderrTailBytes);
  expect(result.stderr.endsWith("line 19999\n")).toBe(true);
});

test("splits standard output into lines, the last one without an end too", async () => {
  const lines: string[] = [];
  const result = await runProgram("printf", ["a\\r\\n\\n\\303\\244b"], {
    env,
    onStdoutLine: (line) => lines.push(line),
  });
  expect(lines).toEqual(["a", "", "äb"]);
  expect(result.stdout).toBe("");
});

test("passes nothing on but the given environment", async () => {
  const result = await runProgram("env", [], { env: { ...env, ONLY: "this" } });
  expect(result.stdout.trim().split("\n").sort()).toEqual(["ONLY=this", `PATH=${env.PATH}`]);
});

test("names a missing program and how to get it", async () => {
  const failure = await runProgram("no-such-program", [], { env, installHint: "install it" }).catch((e: unknown) => e);
  expect(failure).toMatchObject({ code: "program-missing", hint: "install it" });
  await expect(startProgram("no-such-program", [], { env })).rejects.toMatchObject({ code: "program-missing" });
  await expect(runProgram("true", [], { env, cwd: "/no/such/folder" })).rejects.toMatchObject({
    code: "program-failed",
  });
});

test("an aborted signal ends the program, by force when it must", async () => {
  for (const script of ["echo go; sleep 60", "trap '' TERM; echo go; while :; do sleep 0.1; done"]) {
    const stop = new AbortController();
    const onStdoutLine = () => stop.abort();
    const run = runProgram("sh", sh(script), { env, onStdoutLine, signal: stop.signal, killAfterMs: 300 });
    await expect(run).rejects.toMatchObject({ code: "interrupted" });
  }
  const reason = new Failure("timed-out", "too slow");
  await expect(runProgram("sleep", ["9"], { env, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("a callback that throws ends the program and its error comes out", async () => {
  const onStdoutLine = () => {
    throw new Error("not understood");
  };
  await expect(runProgram("sh", sh("echo x; sleep 60"), { env, onStdoutLine })).rejects.toThrow("not understood");
});

test("tells a program that was killed from one that ended", async () => {
  const result = await runProgram("sh", sh("kill -9 $$"), { env });
  expect(result).toMatchObject({ exitCode: undefined, killedBy: "SIGKILL" });
});

function read(script: string, onEnd: (end: ProgramEnd) => void, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  return readProgram("sh", sh(script), { env, onEnd, signal });
}
const mustBeZero = (end: ProgramEnd): void => {
  if (end.exitCode !== 0) throw new Failure("program-failed", `ended with ${end.exitCode ?? end.killedBy}`);
};

test("streams output with back-pressure", async () => {
  let bytes = 0;
  const lines: string[] = [];
  const script = "i=0; while [ $i -lt 40 ]; do head -c 65536 /dev/zero; echo $i >&2; i=$((i+1)); done";
  const options = { env, onEnd: mustBeZero, onStderrLine: (line: string) => lines.push(line) };
  let linesAtFirst = 0;
  for await (const chunk of readProgram("sh", sh(script), options)) {
    if (bytes === 0) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      linesAtFirst = lines.length;
    }
    bytes += chunk.length;
  }
  expect(bytes).toBe(40 * 65_536);
  expect(linesAtFirst).toBeLessThan(20);
});

test("a stream whose program fails half-way throws at its end", async () => {
  let text = "";
  const consume = async () => {
    for await (const chunk of read("echo half; exit 4", mustBeZero)) text += Buffer.from(chunk).toString();
  };
  await expect(consume()).rejects.toThrow("ended with 4");
  expect(text).toBe("half\n");
});

test("a consumer that stops early, or is interrupted, leaves no program behind", async () => {
  let pid = 0;
  for await (const chunk of read("echo $$; exec sleep 60", mustBeZero)) {
    pid = Number(Buffer.from(chunk).toString());
    break;
  }
  expect(pid).toBeGreaterThan(0);
  expect(isAlive(pid)).toBe(false);

  const stop = new AbortController();
  const consume = async () => {
    for await (const chunk of read("echo $$; exec sleep 60", mustBeZero, stop.signal)) {
      pid = Number(Buffer.from(chunk).toString());
      stop.abort();
    }
  };
  await expect(consume()).rejects.toMatchObject({ code: "interrupted" });
  expect(isAlive(pid)).toBe(false);
});

test.each(["stops early", "is busy when interrupted"])("a consumer that %s lets the program tidy up", async (how) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "coldstream-program-"));
  const stop = new AbortController();
  const loop = "while :; do head -c 100000 /dev/zero; done";
  const script = `trap 'echo more; echo tidy >${folder.path}/mark; exit 0' TERM; ${loop}`;
  const consume = async () => {
    for await (const chunk of read(script, mustBeZero, stop.signal)) {
      expect(chunk.length).toBeGreaterThan(0);
      if (how === "stops early") break;
      await new Promise((resolve) => setTimeout(resolve, 200));
      stop.abort();
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  };
  if (how === "stops early") await consume();
  else await expect(consume()).rejects.toMatchObject({ code: "interrupted" });
  expect(await readFile(join(folder.path, "mark"), "utf8")).toBe("tidy\n");
});

test("what a program leaves running is not waited for, and nothing that was written is lost", async () => {
  const started = performance.now();
  const ended = await runProgram("sh", sh("sleep 9 & echo out; echo err >&2; exit 3"), { env });
  expect(ended).toMatchObject({ exitCode: 3, stdout: "out\n", stderr: "err\n" });
  let bytes = 0;
  for await (const chunk of read("sleep 9 & head -c 3000000 /dev/zero", mustBeZero)) {
    bytes += chunk.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(bytes).toBe(3_000_000);
  expect(performance.now() - started).toBeLessThan(7000);
});

test("a program that stays is ended by disposing of it", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  let pid = 0;
  {
    await using program = await startProgram("sh", sh("echo ready; exec sleep 60"), { env, onStdoutLine: resolve });
    pid = program.pid;
    expect(await promise).toBe("ready");
    expect(isAlive(pid)).toBe(true);
  }
  expect(isAlive(pid)).toBe(false);
});

test("finds executable files in a PATH", async () => {
  expect(await findProgram("sh", "/nowhere:/bin")).toBe("/bin/sh");
  expect(await findProgram("/bin/sh", "")).toBe("/bin/sh");
  expect(await findProgram("passwd", "/etc")).toBeUndefined();
  expect(await findProgram("no-such-program", "/bin:/usr/bin")).toBeUndefined();
});
