/** The files that run `coldstream up` as a service are right, and their command lines do what they are for. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { findProgram } from "../support/programs.ts";
import { launchUp } from "./up.ts";

const root = join(import.meta.dirname, "../..");
const unitFile = join(root, "deploy/one-machine/coldstream.service");
const unit = await readFile(unitFile, "utf8");
const compose = parse(await readFile(join(root, "deploy/one-machine/compose.yaml"), "utf8"));

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "coldstream-service-"));
});
afterEach(async () => await rm(home, { recursive: true, force: true }));

function settings(name: string): readonly string[] {
  return [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);
}

/** Runs it as a service manager would, on ports that are free; what it says until it was told to end. */
async function serve(command: readonly string[], { data }: { readonly data: string }) {
  const [verb, ...args] = command;
  expect(verb).toBe("up");
  const given = args.map((argument) => argument.replace(/^(?:0\.0\.0\.0|127\.0\.0\.1):\d+$/, "127.0.0.1:0"));
  const ports = ["--listen", "--metrics-address", "--pushgateway-address"].filter((flag) => !given.includes(flag));
  const up = launchUp(data, [...given, ...ports.flatMap((flag) => [flag, "127.0.0.1:0"])]);
  await up.ready;
  up.child.kill("SIGTERM");
  return await up.ended;
}

describe("the systemd unit", () => {
  test("runs coldstream in its state folder, with the log on standard error, and ends it well", async () => {
    const [line = ""] = settings("ExecStart");
    const [program, ...command] = line.split(" ");
    expect(program).toBe("/usr/local/bin/coldstream");
    const here = command.map((argument) => argument.replace(/\$\{STATE_DIRECTORY\}/, home));
    expect(here).toContain(home);
    const { status, output } = await serve(here, { data: home });
    expect(status).toBe(0);
    expect(output).toMatch(/^\{"level":"info",.*"API server listening"\}$/m);
  });

  test("gives Jobs the time to end that up gives them, and keeps the folder for one user", () => {
    expect(settings("KillMode")).toEqual(["mixed"]);
    expect(settings("TimeoutStopSec")).toEqual(["90s"]);
    expect([...settings("StateDirectory"), ...settings("StateDirectoryMode")]).toEqual(["coldstream", "0700"]);
    expect(settings("ProtectSystem")).toEqual(["strict"]);
  });

  const analyze = findProgram("systemd-analyze");
  test.skipIf(analyze === undefined)("is one that systemd understands", async () => {
    const file = join(home, "coldstream.service");
    await writeFile(file, unit.replace("/usr/local/bin/coldstream", join(root, "bin/coldstream")));
    const { stdout, stderr } = await promisify(execFile)(analyze ?? "", ["verify", "--man=no", file]);
    expect(stdout + stderr).toBe("");
  });
});

describe("the compose file", () => {
  const { coldstream, nats } = compose.services;

  test("runs coldstream in its volume, and ends it well", async () => {
    const [volume, folder] = coldstream.volumes[0].split(":");
    expect(Object.keys(compose.volumes)).toContain(volume);
    const command = coldstream.command.map((argument: string) => (argument === folder ? home : argument));
    expect(command).toContain(home);
    expect(await serve(command, { data: home })).toMatchObject({ status: 0 });
  });

  test("passes the ports on that coldstream listens on, to this machine alone", () => {
    const listening = coldstream.command.flatMap((argument: string) => /^0\.0\.0\.0:(\d+)$/.exec(argument)?.[1] ?? []);
    expect(listening).toHaveLength(3);
    expect(coldstream.ports).toEqual(listening.map((port: string) => `127.0.0.1:${port}:${port}`));
    expect(coldstream.healthcheck.test.join(" ")).toContain(`:${listening[1]}/readyz`);
    expect(nats.ports).toEqual(["127.0.0.1:4222:4222"]);
  });
});
