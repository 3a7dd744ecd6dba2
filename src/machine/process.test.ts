import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseStat, readProcess, readProcText } from "../kit/process-stat.ts";
import { isSameSession, membersOf, readProcesses, residentBytes, ticksAt } from "./proc.ts";
import { findRun, type Run, startRun } from "./process.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "coldstream-process-"));
});
afterAll(async () => await rm(root, { recursive: true }));

let count = 0;
function start(script: string, environment: Record<string, string> = {}) {
  const folder = join(root, String(count++));
  const request = { program: "/bin/sh", args: ["-c", script], workingFolder: root };
  const run = startRun(folder, { ...request, environment: { PATH: "/usr/bin:/bin", ...environment } });
  return { folder, run };
}

async function logOf(folder: string): Promise<string> {
  return await readFile(join(folder, "log"), "utf8");
}

async function until(what: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await what()); tries++) {
    if (tries > 200) throw new Error("it does not happen");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

describe("startRun", () => {
  test.each([
    ["an exit status", "exit 0", 0],
    ["another one", "exit 3", 3],
    ["a signal", "kill -SEGV $$", 139],
    ["a missing program", "exec /no/such/program", 127],
  ])("tells of %s", async (_title, script, exitCode) => {
    const run = await start(script).run;
    expect(await run.ended).toEqual({ exitCode, finishedAt: expect.any(Date) });
  });

  test("keeps output and errors, and gives nothing but the environment", async () => {
    const { folder, run } = start(
      'echo out; echo "err $X" >&2; env | grep -v -E "^(PATH|PWD|_|SHLVL|OLDPWD|X)=" || true',
      { X: "1 2" },
    );
    await (await run).ended;
    expect(await logOf(folder)).toBe("out\nerr 1 2\n");
  });

  test("terminates the program alone, which may finish its work", async () => {
    const { folder, run } = start('trap "echo bye; exit 5" TERM; echo up; while :; do sleep 0.05; done');
    const running = await run;
    await until(async () => (await logOf(folder)).includes("up"));
    await running.terminate();
    expect(await running.ended).toMatchObject({ exitCode: 5 });
    expect(await logOf(folder)).toBe("up\nbye\n");
  });

  test("says 143 of a program that a signal terminated", async () => {
    const { folder, run } = start("echo up; exec sleep 100");
    const running = await run;
    await until(async () => (await logOf(folder)).includes("up"));
    await running.terminate();
    expect(await running.ended).toMatchObject({ exitCode: 143 });
  });

  test("kills all of it, with the reason", async () => {
    const { folder, run } = start('trap "" TERM; (sleep 100 & setsid sleep 100 & wait) & echo up; wait');
    const running = await run;
    await until(async () => (await logOf(folder)).includes("up"));
    await until(async () => running.members(readProcesses()).length >= 5);
    const members = running.members(readProcesses());
    await running.kill("OOMKilled");
    expect(await running.ended).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
    expect(members.filter((pid) => readProcess(pid)?.isZombie === false)).toEqual([]);
  });

  test("leaves nothing behind of a program that ended", async () => {
    const { folder, run } = start("sleep 100 & echo $!");
    await (await run).ended;
    const pid = Number(await logOf(folder));
    await until(async () => readProcess(pid)?.isZombie !== false);
  });
});

describe("findRun", () => {
  test("finds nothing where nothing began", async () => {
    expect(await findRun(join(root, "none"))).toEqual({ kind: "none" });
  });

  test("finds nothing where the runner died before it knew whom it started, and it can be started then", async () => {
    const folder = join(root, "begun");
    await mkdir(folder);
    await writeFile(join(folder, "begun"), "");
    expect(await findRun(folder)).toEqual({ kind: "none" });
    const request = { program: "/bin/sh", args: ["-c", "exit 7"], environment: {}, workingFolder: root };
    expect(await (await startRun(folder, request)).ended).toMatchObject({ exitCode: 7 });
    expect(await findRun(folder)).toMatchObject({ kind: "ended", end: { exitCode: 7 } });
  });

  test("a program whose wrapper cannot be recorded is never started", async () => {
    const folder = join(root, "unrecorded");
    await mkdir(join(folder, "wrapper"), { recursive: true });
    const args = ["-c", `echo up > "${root}/started"`, folder];
    const request = { program: "/bin/sh", args, environment: {}, workingFolder: root };
    await expect(startRun(folder, request)).rejects.toThrow("EISDIR");
    const commands = () => readProcesses().map(({ pid }) => readProcText(`/proc/${pid}/cmdline`) ?? "");
    await until(async () => !commands().some((text) => text.includes(folder)));
    expect(existsSync(join(root, "started"))).toBe(false);
  });

  test("finds a running one and its end", async () => {
    const go = join(root, "may-go");
    const { folder, run } = start(`echo up; while [ ! -e "${go}" ]; do sleep 0.05; done; exit 4`);
    const { startedAt } = await run;
    const found = await findRun(folder);
    if (found.kind !== "running") throw new Error(found.kind);
    expect(Math.abs(found.run.startedAt.getTime() - startedAt.getTime())).toBeLessThan(1000);
    await writeFile(go, "");
    expect(await found.run.ended).toMatchObject({ exitCode: 4 });
  });

  test("finds how one ended", async () => {
    const { folder, run } = start("exit 4");
    await (await run).ended;
    const end = { exitCode: 4, finishedAt: expect.any(Date) };
    expect(await findRun(folder)).toEqual({ kind: "ended", startedAt: expect.any(Date), end });
  });

  test("does not know how one ended that was killed with its wrapper", async () => {
    const { folder, run } = start("echo up; sleep 100");
    const running: Run = await run;
    await until(async () => (await logOf(folder)).includes("up"));
    for (const pid of running.members(readProcesses())) process.kill(pid, "SIGKILL");
    expect(await running.ended).toBeUndefined();
    expect(await findRun(folder)).toMatchObject({ kind: "ended", end: undefined });
  });
});

describe("findRun of a folder that somebody left", () => {
  /** A session whose leader has ended; one process of it goes on. */
  async function orphans(): Promise<{ readonly leader: number; readonly left: number }> {
    const child = spawn("/bin/sh", ["-c", "sleep 100 & echo $!"], {
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const said = once(child.stdout, "data");
    await once(child, "exit");
    return { leader: child.pid ?? 0, left: Number(String((await said)[0])) };
  }
  const lineOf = (pid: number, start: string) => `${pid} (sh) S 1 ${pid} ${pid}${" 0".repeat(15)} ${start} 0\n`;
  async function folderOf(files: Readonly<Record<string, string>>, writtenAt: Date): Promise<string> {
    const folder = join(root, String(count++));
    await mkdir(folder);
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, name), text);
      await utimes(join(folder, name), writtenAt, writtenAt);
    }
    return folder;
  }
  const isAlive = (pid: number) => readProcess(pid)?.isZombie === false;
  const anHourAgo = new Date(Date.now() - 3_600_000);
  const hereBoot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();

  test.each([
    ["takes what is left of the run with it", hereBoot, new Date(), false],
    ["takes what is left of a run that an earlier version began", "", new Date(), false],
    ["leaves a stranger's session with that number alone", hereBoot, anHourAgo, true],
    ["leaves it alone where an earlier version began the run", "", anHourAgo, true],
    ["leaves all alone after the machine's next start", "another boot", new Date(), true],
  ])("%s", async (_title, boot, writtenAt, lives) => {
    const { leader, left } = await orphans();
    const end = writtenAt === anHourAgo ? writtenAt : new Date();
    const folder = await folderOf({ begun: boot, wrapper: lineOf(leader, "12345"), exit: "0\n" }, end);
    expect(await findRun(folder)).toMatchObject({ kind: "ended", end: { exitCode: 0 } });
    expect(isAlive(left)).toBe(lives);
    if (lives) process.kill(left, "SIGKILL");
  });

  test("takes no process for its own that has pid and start of before the machine's last start", async () => {
    const child = spawn("sleep", ["100"], { detached: true, stdio: "ignore" });
    const pid = child.pid ?? 0;
    const line = lineOf(pid, readProcess(pid)?.start ?? "");
    const now = new Date();
    expect(await findRun(await folderOf({ begun: "another boot", wrapper: line }, now))).toMatchObject({
      kind: "ended",
    });
    expect(isAlive(pid)).toBe(true);
    const found = await findRun(await folderOf({ begun: "", wrapper: line }, now));
    if (found.kind !== "running") throw new Error(found.kind);
    await found.run.kill();
    expect(await found.run.ended).toMatchObject({ exitCode: 137 });
    expect(isAlive(pid)).toBe(false);
  });
});

describe("processes", () => {
  const leader = (start: string) => ({ pid: 10, parent: 1, session: 10, start, isZombie: false });
  const member = (start: string) => ({ ...leader(start), pid: 11 });
  test.each([
    ["the leader lives", leader("500"), [], true],
    ["its pid is another's by now", leader("900"), [leader("900"), member("600")], false],
    ["a member began before it was last seen", undefined, [member("600"), member("9000")], true],
    ["all members began later", undefined, [member("9000")], false],
    ["nobody is left", undefined, [{ ...member("600"), session: 11 }], false],
  ])("knows a session when %s: %o", (_title, now, all, isSame) => {
    expect(isSameSession({ leader: 10, start: "500", seen: 1000 }, now, all)).toBe(isSame);
  });

  test("counts a moment as a process's start is counted", async () => {
    const { pid = 0 } = spawn("sleep", ["0"]);
    expect(Math.abs(Number(readProcess(pid)?.start) - ticksAt(new Date()))).toBeLessThan(500);
  });

  test("reads a name with spaces and parentheses", () => {
    const line = "42 (a) b (c)) S 7 42 40 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 200";
    expect(parseStat(line)).toEqual({ pid: 42, parent: 7, session: 40, start: "98765", isZombie: false });
  });

  test("finds members by session and by descent", () => {
    const entry = (pid: number, parent: number, session: number) => ({
      pid,
      parent,
      session,
      start: "1",
      isZombie: false,
    });
    const all = [
      entry(1, 0, 1),
      entry(10, 1, 10),
      entry(11, 10, 10),
      entry(12, 1, 10),
      entry(13, 12, 13),
      entry(14, 1, 14),
    ];
    expect(membersOf(all, 10)).toEqual([10, 11, 12, 13]);
  });

  test("measures memory", () => {
    expect(residentBytes([process.pid])).toBeGreaterThan(10 * 2 ** 20);
    expect(residentBytes([2 ** 30])).toBe(0);
  });
});
