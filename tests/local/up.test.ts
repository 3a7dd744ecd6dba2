/**
 * Invariant: however often `coldstream up` is killed, or told to end, a session that began ends once, in a phase that is true,
 * with one Job ever made for it, and what was applied is there.
 */

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { backupManifests, restoreManifest } from "../../scripts/quickstart/manifests.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { freePort } from "../support/ports.ts";
import { findProgram } from "../support/programs.ts";
import { seededRandom } from "../support/random.ts";
import { createStream, openServer, publishMany } from "../support/streams.ts";
import { readWhole } from "../support/whole-stream.ts";
import { addresses, launchUp, processesOf, type Up } from "./up.ts";

const isLong = process.env.COLDSTREAM_LONG === "1";
const kills = isLong ? 60 : 4;
const missing = findProgram("kubectl") === undefined ? "no kubectl: run npm run setup -- --tests" : undefined;

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "coldstream-up-test-"));
});
afterAll(async () => await rm(home, { recursive: true, force: true }));

describe.skipIf(missing !== undefined)(`coldstream up${missing === undefined ? "" : ` (${missing})`}`, () => {
  let server: TestServer;
  let data: string;
  let up: Up;

  const ask = async (...args: readonly string[]) => {
    const end = await kubectl({ kubeconfig: up.kubeconfig, folder: home }, args);
    if (end.exit !== 0) throw new Error(`kubectl ${args.join(" ")}: ${end.stderr}`);
    return end.stdout.trim();
  };
  const phaseOf = async (object: string) => await ask("get", object, "-o", "jsonpath={.status.phase}");
  const apply = async (text: string) => {
    const end = await kubectl({ kubeconfig: up.kubeconfig, folder: home }, ["apply", "-f", "-"], { input: text });
    expect(end).toMatchObject({ exit: 0 });
  };
  const session = (name: string) => `
apiVersion: stash.appscode.com/v1beta1
kind: BackupSession
metadata: { name: ${name} }
spec: { invoker: { apiGroup: stash.appscode.com, kind: BackupConfiguration, name: every-minute } }`;
  const begin = async (args?: readonly string[]) => {
    up = launchUp(data, args);
    await up.ready;
  };
  const kill = async () => {
    up.child.kill("SIGKILL");
    await up.ended;
  };

  beforeAll(async () => {
    server = await startNatsServer();
    await using opened = await openServer(server.url);
    await createStream(opened.jetstream, "ORDERS", { subjects: ["orders.>"] });
    await publishMany(opened.jetstream, "orders", 500);
    data = join(home, "data");
    // later starts say "any port", and take this one again: nobody else gets it meanwhile
    await begin(addresses({ listen: await freePort() }));
    const places = { server: server.url, repository: join(home, "repository"), password: "up" };
    await apply(backupManifests(places).replace("* * * * *", "0 0 1 1 *"));
    await eventually("Ready", async () => (await phaseOf("bc/every-minute")) === "Ready", { timeoutMs: 60_000 });
  }, 180_000);
  afterAll(async () => {
    up?.child.kill("SIGINT");
    await up?.ended;
    await server?.[Symbol.asyncDispose]();
  }, 60_000);

  test(`is killed ${kills} times while sessions run`, { timeout: isLong ? 3_600_000 : 240_000 }, async () => {
    const random = seededRandom("killing coldstream up");
    const names: string[] = [];
    for (let turn = 0; turn < kills; turn++) {
      const name = `turn-${turn}`;
      names.push(name);
      await apply(session(name));
      await sleep(random.below(6000));
      await kill();
      await sleep(random.below(1500));
      await begin();
    }
    const isOver = async (name: string) => /Succeeded|Failed|Skipped/.test(await phaseOf(`backupsession/${name}`));
    for (const name of names) {
      if ((await ask("get", "backupsession", name, "--ignore-not-found")) === "") continue;
      await eventually(`the end of ${name}`, async () => await isOver(name), { timeoutMs: 120_000 });
    }
    // the last of them may have met another one that ran; one more shows that nothing is stuck
    await apply(session("last"));
    await eventually("the last session's end", async () => await isOver("last"), { timeoutMs: 120_000 });
    expect(await phaseOf("backupsession/last")).toBe("Succeeded");
    const told = await ask(
      "get",
      "events",
      "-o",
      "jsonpath={range .items[*]}{.involvedObject.name} {.reason} {.count}{'\\n'}{end}",
    );
    const made = told.split("\n").filter((line) => /^stash-backup-\S+ SuccessfulCreate/.test(line));
    const jobs = made.map((line) => line.split(" ")[0]);
    expect(jobs.length).toBe(new Set(jobs).size);
    const kept = await ask("get", "secret,repository,appbinding,bc", "-o", "name");
    expect(kept.split("\n")).toHaveLength(4);
  });

  test("restores over a kill: the Job goes on without it", { timeout: 180_000 }, async () => {
    await using opened = await openServer(server.url);
    const before = await readWhole(opened.jetstream, "ORDERS");
    await opened.jetstream.request("STREAM.DELETE.ORDERS", {}, { schema: z.looseObject({}) });
    await apply(restoreManifest());
    await eventually("a running Job", async () => (await phaseOf("restoresession/all-back")) === "Running");
    await kill();
    await begin();
    await eventually("the end", async () => /Succeeded|Failed/.test(await phaseOf("restoresession/all-back")), {
      timeoutMs: 120_000,
    });
    expect(await ask("get", "restoresession/all-back", "-o", "jsonpath={.status}")).toContain('"phase":"Succeeded"');
    const after = await readWhole(opened.jetstream, "ORDERS");
    expect([after.digest, after.messages]).toEqual([before.digest, before.messages]);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 0],
  ] as const)(
    "is told to end by %s while a Job runs: nothing goes on, and the session says how it ended",
    {
      timeout: 180_000,
    },
    async (signal, status) => {
      const name = `ended-by-${signal.toLowerCase()}`;
      // a server that does not answer is waited for
      await serverAt("nats://127.0.0.1:1");
      await apply(session(name));
      await eventually("a running Job", async () => (await phaseOf(`backupsession/${name}`)) === "Running");
      up.child.kill(signal);
      expect(await up.ended).toMatchObject({ status });
      expect(await processesOf(data)).toEqual([]);
      expect(storedPhase(name)).toBe("Failed");
      await begin();
      expect(await phaseOf(`backupsession/${name}`)).toBe("Failed");
      await serverAt(server.url);
    },
  );

  test("ends at once when it is told twice", { timeout: 60_000 }, async () => {
    up.child.kill("SIGINT");
    up.child.kill("SIGTERM");
    expect(await up.ended).toMatchObject({ status: 130, output: expect.not.stringContaining("all has ended") });
    await begin();
  });

  async function serverAt(url: string): Promise<void> {
    await ask("patch", "appbinding", "nats", "--type=merge", "-p", JSON.stringify({ spec: { clientConfig: { url } } }));
  }

  /** Without the API server. */
  function storedPhase(name: string): unknown {
    const database = new DatabaseSync(join(data, "api/store.db"), { readOnly: true });
    const statement = database.prepare("SELECT text FROM objects WHERE resource LIKE 'backupsessions.%' AND name = ?");
    const { status } = JSON.parse(String(statement.get(name)?.["text"]));
    database.close();
    return status?.phase;
  }

  test("serves one folder once, and says so", async () => {
    const second = await launchUp(data).ended;
    expect(second.status).toBe(2);
    expect(second.output).toContain("is in use by another process");
  });
});

describe("coldstream up refuses in a sentence, and leaves as it is,", { timeout: 60_000 }, () => {
  async function refused(data: string, ...args: readonly string[]): Promise<string> {
    const { status, output } = await launchUp(data, args.length === 0 ? undefined : args).ended;
    return `${status}: ${output}`;
  }

  test("a port that is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const address = taken.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const output = await refused(join(home, "port"), "--listen", `127.0.0.1:${port}`);
    expect(output).toMatch(/^2: .*listening on 127\.0\.0\.1:\d+: .*in use.*\n.*--listen/);
    taken.close();
  });

  test("a folder that is a file", async () => {
    const file = join(home, "file");
    await writeFile(file, "");
    expect(await refused(file)).toMatch(/^2: .*the data folder .* cannot be made.*\n.*--data/);
  });

  test.each([
    [
      "a newer version's",
      (file: string) => change(file, `PRAGMA application_id = ${0x636c6473}; PRAGMA user_version = 9`),
      /^2: .*has format 9; .* knows 1/,
    ],
    ["not ours", (file: string) => change(file, "PRAGMA application_id = 7"), /^5: .*\n/],
    [
      "damaged",
      async (file: string) => await writeFile(file, "no database at all, but long enough to be read"),
      /^5: .*\n/,
    ],
  ])("a data folder that is %s", async (name, spoil, said) => {
    const data = join(home, name.replaceAll(/\W/g, "-"));
    await mkdir(join(data, "api"), { recursive: true });
    const file = join(data, "api/store.db");
    change(file, "CREATE TABLE a (b)");
    await spoil(file);
    await cp(data, `${data}-before`, { recursive: true });
    expect(await refused(data)).toMatch(said);
    expect(await readFile(file)).toEqual(await readFile(join(`${data}-before`, "api/store.db")));
  });

  function change(file: string, sql: string): void {
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
  }
});
