import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "./commands.ts";
import { environmentOf } from "./environment.ts";
import { MemorySink } from "./memory-sink.ts";
import { run } from "./run.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "coldstream-run-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Setting {
  readonly variables?: Readonly<Record<string, string>>;
  readonly answer?: "yes" | "no" | "no-terminal";
  readonly aborted?: boolean;
}

async function coldstream(line: string, { variables = {}, answer = "no-terminal", aborted = false }: Setting = {}) {
  const stdout = new MemorySink();
  const stderr = new MemorySink();
  const controller = new AbortController();
  if (aborted) controller.abort();
  const exit = await run(line.split(" ").filter(Boolean), {
    environment: environmentOf({ HOME: folder, TMPDIR: folder, PATH: "/nowhere", ...variables }, folder),
    stdout,
    stderr,
    signal: controller.signal,
    confirm: async () => answer,
    version: "1.2.3",
  });
  return { exit, stdout: stdout.text, stderr: stderr.text };
}

describe("help", () => {
  test("lists every command and the exit statuses", async () => {
    const { exit, stdout, stderr } = await coldstream("--help");
    expect([exit, stderr]).toEqual([0, ""]);
    for (const { name, summary } of commands) expect(stdout).toContain(`${name.padEnd(13)}  ${summary}`);
    expect(stdout).toContain("Exit statuses: 0 done");
  });

  test.each(commands.map(({ name }) => name))("of %s has examples of it and every option group", async (name) => {
    const { exit, stdout, stderr } = await coldstream(`help ${name}`);
    expect([exit, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`Usage: coldstream ${name}`);
    expect(stdout).toMatch(new RegExp(`Examples:\\n.*coldstream ${name}`));
    expect(stdout).toContain("--json");
    expect((await coldstream(`${name} --help`)).stdout).toBe(stdout);
  });

  test("of exit statuses names every one", async () => {
    const { stdout } = await coldstream("help exit");
    for (const status of [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16, 20, 21, 130]) {
      expect(stdout).toMatch(new RegExp(`^ *${status}  \\S`, "m"));
    }
  });

  test("is shown, as a mistake, when there is no command", async () => {
    const { exit, stdout, stderr } = await coldstream("");
    expect([exit, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Usage: coldstream COMMAND");
  });

  test("--version is one line", async () => {
    expect(await coldstream("--version")).toEqual({ exit: 0, stdout: "coldstream 1.2.3\n", stderr: "" });
  });
});

describe("wrong use is one sentence, a hint and status 2:", () => {
  test.each([
    ["bakup", "unknown command 'bakup'", "did you mean backup? see: coldstream help"],
    ["help bakup", "unknown command 'bakup'", "did you mean backup? see: coldstream help"],
    ["backup --pralel 3", "unknown option '--pralel'", "did you mean --parallel? see: coldstream help backup"],
    ["snapshots --server x", "unknown option '--server'", "see: coldstream help snapshots"],
    [
      "snapshots extra",
      "too many arguments for 'snapshots': expected 0 arguments but got 1: extra",
      "see: coldstream help snapshots",
    ],
    ["backup --parallel", "option '--parallel <n>' argument missing", "see: coldstream help backup"],
    ["backup --parallel many", '--parallel: "many" is not a whole number from 1 to 64', "see: coldstream help backup"],
    ["backup --timeout 5", '--timeout: "5" is not a duration', "durations look like 500ms, 5s, 1h30m or 2d"],
    [
      "backup --target a,b",
      '--target: "a,b" cannot name a target',
      "up to 200 characters, without spaces, commas and =",
    ],
    ["restore", "no stream is named", "name streams, or restore every one with --all"],
    ["restore A --all", "give names of streams or --all, not both", "see: coldstream help restore"],
    ["restore --rename A", '--rename: "A" does not look like OLD=NEW', "see: coldstream help restore"],
    ["restore A --storage memory", '--storage: "memory" is none of: file', "see: coldstream help restore"],
    [
      "check --read-data-subset all",
      '--read-data-subset: "all" is no part of the data',
      "parts look like 10%, 2/7 or 5G",
    ],
    ["forget", "no rule says what to keep", "give at least one of --keep-last, --keep-daily, ..."],
    ["forget --keep-last 0", '--keep-last: "0" is not a whole number from 1 to 1000000', "see: coldstream help forget"],
    ["completion", "missing required argument 'SHELL'", "see: coldstream help completion"],
    ["task", "missing required argument 'TASK'", "see: coldstream help task"],
    ["task nats-backup --repository=a/b", "nats-backup: --invoker-kind is missing", "flags look like --name=value"],
    [
      "task create-backupsession --invoker-kind=BackupConfiguration --invoker-name=nightly",
      "this program runs in a pod: KUBERNETES_SERVICE_HOST is not set",
      "the operator starts it; from a shell use coldstream backup, restore, forget or check",
    ],
    ["snapshots", "no repository is named", "name it with --repo, or set RESTIC_REPOSITORY"],
    [
      "-r repo snapshots",
      "no password for the repository is given",
      "set RESTIC_PASSWORD or RESTIC_PASSWORD_FILE, or name a file with --repo-password-file",
    ],
    ["snapshots -o yaml", '--output: "yaml" is none of: text, json', "see: coldstream help snapshots"],
    ["try a --server b", "the server is named twice: as SERVER and with --server", "see: coldstream help try"],
  ])("coldstream %s", async (line, message, hint) => {
    const { exit, stdout, stderr } = await coldstream(line);
    expect(stderr).toBe(`coldstream: ${message}\n  ${hint}\n`);
    expect([exit, stdout]).toEqual([2, ""]);
  });

  test.each(["bakup --json", "snapshots --json --output text", "snapshots -o json --nope", "snapshots --output=json"])(
    "coldstream %s says it in JSON",
    async (line) => {
      const { exit, stdout } = await coldstream(line);
      expect(JSON.parse(stdout)).toEqual({
        error: { code: "usage", message: expect.any(String), hint: expect.any(String) },
      });
      expect(exit).toBe(2);
    },
  );
});

describe("what stands in the way has its own status:", () => {
  const repository = { RESTIC_REPOSITORY: "repo", RESTIC_PASSWORD: "secret" };
  test.each([
    ["no restic on the PATH", "snapshots", repository, 15, /restic was not found/],
    ["no nats-server on the PATH", "prove", repository, 15, /nats-server was not found/],
    [
      "a password file that is missing",
      "snapshots -r repo --repo-password-file absent",
      {},
      2,
      /password file .*absent: there is no such file/,
    ],
    [
      "a credentials file that is missing",
      "backup --creds absent.creds",
      repository,
      2,
      /credentials file absent.creds: there is no such file/,
    ],
    [
      "a credentials file that is none",
      `backup --creds ${import.meta.filename}`,
      repository,
      2,
      /reading .*run\.test\.ts: the creds text/,
    ],
    ["a context that is missing", "backup --context absent", repository, 2, /no NATS context "absent"/],
    ["a profile that is missing", "backup --profile absent", repository, 2, /absent.yaml: there is no such file/],
    [
      "a staging folder that is missing",
      "backup --staging absent",
      repository,
      2,
      /staging folder .*absent does not exist/,
    ],
    ["--in-place alone", "restore A --in-place", repository, 2, /goes with --on-conflict overwrite/],
    ["--finish with a choice", "restore --finish --all", repository, 2, /takes names of streams only/],
    ["no server", "backup -s 127.0.0.1:1", repository, 20, /connection refused/],
    ["no answer to a question", "unlock --remove-all", repository, 4, /needs a confirmation/],
  ])("%s", async (_title, line, variables, status, message) => {
    const { exit, stdout, stderr } = await coldstream(line, { variables });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(2);
    expect([exit, stdout]).toEqual([status, ""]);
  });

  test("a no to a question", async () => {
    const { exit, stderr } = await coldstream("unlock --remove-all", { variables: repository, answer: "no" });
    expect([exit, stderr]).toEqual([4, "coldstream: not confirmed\n  nothing was changed\n"]);
  });

  test("an interruption, whatever fell over by it", async () => {
    const { exit, stderr } = await coldstream("backup -s 127.0.0.1:1", { variables: repository, aborted: true });
    expect([exit, stderr]).toEqual([130, "coldstream: interrupted; nothing half-done was left\n"]);
  });
});

test.each([
  ["--password", "backup -s 127.0.0.1:1 --user me --password secret", "NATS_PASSWORD"],
  ["--token", "backup -s 127.0.0.1:1 --token secret", "NATS_TOKEN"],
])("%s works, with a warning that does not repeat it", async (option, line, variable) => {
  const { exit, stderr } = await coldstream(line, { variables: { RESTIC_REPOSITORY: "r", RESTIC_PASSWORD: "p" } });
  expect(stderr).toContain(
    `coldstream: warning: ${option} can be seen by others on this machine; better: ${variable}\n`,
  );
  expect(stderr).not.toContain("secret");
  expect(exit).toBe(20);
});

test("the selected context of the nats CLI is used and named", async () => {
  const config = join(folder, "xdg");
  const { mkdir } = await import("node:fs/promises");
  await mkdir(join(config, "nats/context"), { recursive: true });
  await writeFile(join(config, "nats/context.txt"), "prod\n");
  await writeFile(join(config, "nats/context/prod.json"), JSON.stringify({ url: "nats://127.0.0.1:1" }));
  const variables = { RESTIC_REPOSITORY: "r", RESTIC_PASSWORD: "p", XDG_CONFIG_HOME: config };
  const { exit, stderr } = await coldstream("backup", { variables });
  expect(stderr).toMatch(/^NATS context: prod\ncoldstream: .*127\.0\.0\.1:1/);
  expect(exit).toBe(20);
});

test("no command leaves anything behind when it is refused", async () => {
  const { readdir } = await import("node:fs/promises");
  expect((await readdir(folder)).filter((name) => name !== "xdg")).toEqual([]);
  expect(await readFile(join(folder, "xdg/nats/context.txt"), "utf8")).toBe("prod\n");
});
