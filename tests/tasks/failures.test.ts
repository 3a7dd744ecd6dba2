import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { freePort } from "../support/ports.ts";
import { createStream, openServer, publishMany } from "../support/streams.ts";
import { conditionOf, type Flags, startTaskBench, type TaskBench } from "./bench.ts";

const { signal } = new AbortController();
/** Seconds that a backup waits for what is away: as the guides have it in the long run. */
const patience = process.env.COLDSTREAM_LONG === "1" ? 20 : 8;

describe.skipIf(controlPlaneMissing() !== undefined)("a backup that cannot be made", () => {
  let bench: TaskBench;
  let server: TestServer;
  /** Takes connections and says nothing. */
  let silent: Server;
  const config = "authorization { user: sample-user, password: changeit }";
  beforeAll(async () => {
    [bench, server] = await Promise.all([startTaskBench(), startNatsServer({ config })]);
    await using opened = await openServer(server.url.replace("//", "//sample-user:changeit@"));
    await createStream(opened.jetstream, "ORDERS");
    await publishMany(opened.jetstream, "ORDERS", 4000, 1000);
    await bench.secret("auth", { username: "sample-user", password: "changeit" });
    await bench.binding("good", server.port, { secret: { name: "auth" } });
    await bench.localRepository("repo");
    silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
  }, 120_000);
  afterAll(async () => {
    silent?.close();
    await server?.[Symbol.asyncDispose]();
    await bench?.[Symbol.asyncDispose]();
  });

  let count = 0;
  async function prepare({ binding = "good", repository = "repo" }) {
    const name = `run-${++count}`;
    await bench.configuration(name, { repository, binding });
    const flags = await bench.session(name, { configuration: name, repository, binding });
    return { name, flags, pod: await bench.pod() };
  }
  /** Both steps, and what the session says of them. */
  async function run(of: { readonly binding?: string; readonly repository?: string }, more: Flags = {}) {
    const { name, flags, pod } = await prepare(of);
    const started = performance.now();
    expect(await pod.task("nats-backup", { ...flags, ...more })).toMatchObject({ exit: 0 });
    const seconds = (performance.now() - started) / 1000;
    expect(await pod.task("update-status", flags)).toMatchObject({ exit: 0 });
    const { status } = await bench.backupSession(name);
    const [target] = status?.targets ?? [];
    const types = status?.conditions?.map(({ type, status: state }) => `${type} ${state}`);
    return {
      seconds,
      pod,
      stats: target?.stats?.[0],
      streams: conditionOf(target?.conditions, "StreamsBackedUp"),
      types,
      status,
    };
  }

  describe("is Failed at once, with a sentence:", () => {
    beforeAll(async () => {
      await bench.secret("wrong", { username: "sample-user", password: "hunter2hunter2" });
      await bench.binding("wrong-login", server.port, { secret: { name: "wrong" } });
      await bench.secret("half", { username: "sample-user" });
      await bench.binding("half-a-pair", server.port, { secret: { name: "half" } });
      await bench.binding("no-secret", server.port, { secret: { name: "nowhere" } });
      await bench.binding("web", server.port, { clientConfig: { service: { scheme: "ws", name: "web", port: 8080 } } });
      await bench.secret("no-password", { AWS_ACCESS_KEY_ID: "x" });
      const local = { mountPath: "/repositories/x", emptyDir: {} };
      await bench.create("Repository", {
        metadata: { name: "no-password" },
        spec: { backend: { storageSecretName: "no-password", local } },
      });
      await bench.create("Repository", {
        metadata: { name: "no-backend" },
        spec: { backend: { storageSecretName: "x" } },
      });
    });

    test.each([
      [
        "a wrong NATS password",
        { binding: "wrong-login" },
        {},
        /refused the login.*; check the login in the AppBinding's Secret/,
      ],
      ["half a pair", { binding: "half-a-pair" }, {}, /has the key username, but lacks password; add the key password/],
      [
        "a Secret that is missing",
        { binding: "no-secret" },
        {},
        /no Secret demo\/nowhere, which has the login of AppBinding/,
      ],
      ["a WebSocket address", { binding: "web" }, {}, /scheme ws of the AppBinding is not supported/],
      ["an AppBinding that is missing", { binding: "nobody" }, {}, /there is no AppBinding demo\/nobody/],
      [
        "an unknown stream",
        {},
        { streams: "ORDERS, NOPE" },
        /no stream NOPE; correct the param streams; there are: ORDERS/,
      ],
      [
        "args that mean nothing",
        {},
        { "nats-args": "--check --what" },
        /the param args: --what cannot be given to a backup/,
      ],
      ["a Secret without a password", { repository: "no-password" }, {}, /lacks the key RESTIC_PASSWORD/],
      [
        "a Repository without a backend",
        { repository: "no-backend" },
        {},
        /Repository demo\/no-backend has no backend/,
      ],
      ["a Repository that is missing", { repository: "nobody" }, {}, /there is no Repository demo\/nobody/],
    ])("%s", async (_title, of, flags, error) => {
      const { seconds, stats, streams } = await run(of, flags);
      expect(stats).toMatchObject({ hostname: "host-0", phase: "Failed", error: expect.stringMatching(error) });
      expect(streams).toMatchObject({ status: "False", message: stats?.error });
      expect(JSON.stringify(stats)).not.toContain("hunter2");
      expect(seconds).toBeLessThan(15);
    });
  });

  test("a wrong repository password is said in the condition, and no new repository is made over it", async () => {
    await bench.localRepository("taken");
    await bench.secret("other", { RESTIC_PASSWORD: "hunter2hunter2" });
    const local = { mountPath: "/repositories/taken", emptyDir: {} };
    await bench.create("Repository", {
      metadata: { name: "other" },
      spec: { backend: { storageSecretName: "other", local } },
    });
    const { status, stats } = await run({ repository: "other" });
    expect(conditionOf(status?.conditions, "BackendRepositoryInitialized")).toMatchObject({
      status: "False",
      message: expect.stringContaining("correct RESTIC_PASSWORD in the Secret"),
    });
    expect(stats).toMatchObject({ phase: "Failed", error: expect.stringContaining("RESTIC_PASSWORD") });
  });

  test("a repository that was used and is gone is not made anew", async () => {
    const restic = await bench.localRepository("lost");
    expect((await run({ repository: "lost" })).stats).toMatchObject({ phase: "Succeeded" });
    await rm(restic.url, { recursive: true });
    const { stats, types } = await run({ repository: "lost" });
    expect(stats?.error).toMatch(
      /no repository at .*, though Repository demo\/lost had a backup at 20.*delete the Repository/,
    );
    expect(types).toEqual(["BackendRepositoryInitialized False"]);
  });

  /** Both are named while they are waited for, and end when the patience does. */
  test("a server that is away is named within 15 seconds, and waited for", async () => {
    await bench.binding("away", 1);
    const { name, flags, pod } = await prepare({ binding: "away" });
    const started = performance.now();
    const running = pod.task("nats-backup", { ...flags, "wait-timeout": `${patience}` });
    const waiting = await eventually("named", async () => {
      const [target] = (await bench.backupSession(name)).status?.targets ?? [];
      return conditionOf(target?.conditions, "StreamsBackedUp");
    });
    expect((performance.now() - started) / 1000).toBeLessThan(15);
    expect(waiting).toMatchObject({
      status: "Unknown",
      reason: "WaitingForServer",
      message: expect.stringMatching(
        /AppBinding demo\/away \(nats:\/\/away\.demo\.svc:4222\).*refused.*trying until 20/,
      ),
    });
    await running;
    const seconds = (performance.now() - started) / 1000;
    expect([seconds > patience, seconds < patience + 15]).toEqual([true, true]);
    await pod.task("update-status", flags);
    const { status } = await bench.backupSession(name);
    expect(status?.targets?.[0]?.stats?.[0]?.error).toContain(`tried for ${patience}`);
  });

  test("a server that comes back in time is no trouble", async () => {
    const port = await freePort();
    await bench.binding("coming", port, { secret: { name: "auth" } });
    const { name, flags, pod } = await prepare({ binding: "coming" });
    const running = pod.task("nats-backup", { ...flags, "wait-timeout": "60" });
    await eventually("named", async () => {
      const [target] = (await bench.backupSession(name)).status?.targets ?? [];
      return conditionOf(target?.conditions, "StreamsBackedUp")?.status === "Unknown";
    });
    // the good server, as if it had come up there
    const { connect } = await import("node:net");
    const proxy = createServer((socket) => {
      const other = connect(server.port, "127.0.0.1");
      socket.pipe(other).pipe(socket);
      for (const each of [socket, other]) each.on("error", () => each.destroy());
    }).listen(port, "127.0.0.1");
    await running;
    proxy.close();
    await pod.task("update-status", flags);
    const [target] = (await bench.backupSession(name)).status?.targets ?? [];
    expect(target?.stats?.[0]).toMatchObject({ phase: "Succeeded" });
    expect(conditionOf(target?.conditions, "StreamsBackedUp")).toMatchObject({ status: "True" });
  });

  test.each([
    ["away", patience, async () => 1],
    ["silent", 18, async () => (silent.address() as { port: number }).port],
  ])("a bucket whose server is %s is named within 15 seconds", async (kind, seconds, portOf) => {
    const keys = { RESTIC_PASSWORD: "x", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "hunter2hunter2" };
    await bench.secret(`bucket-${kind}`, keys);
    const s3 = { endpoint: `http://127.0.0.1:${await portOf()}`, bucket: "b" };
    const spec = { backend: { storageSecretName: `bucket-${kind}`, s3 } };
    await bench.create("Repository", { metadata: { name: `bucket-${kind}` }, spec });
    const { name, flags, pod } = await prepare({ repository: `bucket-${kind}` });
    const started = performance.now();
    const running = pod.task("nats-backup", { ...flags, "wait-timeout": `${seconds}` });
    const waiting = await eventually("named", async () =>
      conditionOf((await bench.backupSession(name)).status?.conditions, "BackendRepositoryInitialized"),
    );
    expect((performance.now() - started) / 1000).toBeLessThan(15);
    expect(waiting).toMatchObject({ status: "Unknown", reason: "WaitingForBackend" });
    expect(waiting.message).not.toContain("hunter2");
    await running;
    await pod.task("update-status", flags);
    const { status } = await bench.backupSession(name);
    expect(conditionOf(status?.conditions, "BackendRepositoryInitialized")).toMatchObject({
      status: "False",
      reason: "FailedToInitializeBackendRepository",
    });
    expect(status?.targets?.[0]?.stats?.[0]).toMatchObject({
      phase: "Failed",
      error: expect.stringContaining(`tried for ${seconds}`),
    });
  });

  test.skipIf(process.getuid?.() !== 0)("a full interim volume", async () => {
    const { name, flags, pod } = await prepare({});
    const interim = join(pod.folder, "interim");
    await mkdir(interim);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", interim]);
    try {
      await pod.task("nats-backup", flags);
    } finally {
      execFileSync("umount", [interim]);
    }
    await pod.task("update-status", flags);
    const [target] = (await bench.backupSession(name)).status?.targets ?? [];
    expect(target?.stats?.[0]).toMatchObject({
      phase: "Failed",
      error: expect.stringMatching(/no space left.*give the interim volume more room/),
    });
  });

  test("a pod that is told to end tidies up: no lock, no staged data, no output", async () => {
    const restic = await bench.localRepository("ended", { isEmpty: true });
    await restic.initialize({ signal });
    const { flags, pod } = await prepare({ repository: "ended" });
    const program = await pod.start("nats-backup", flags);
    await eventually("a lock", async () => (await readdir(join(restic.url, "locks"))).length > 0);
    await program.stop("SIGTERM");
    const { exitCode } = await program.ended;
    expect(exitCode).toBe(130);
    expect(await readdir(join(restic.url, "locks"))).toEqual([]);
    expect(await readdir(join(pod.folder, "interim/data"))).toEqual([]);
    await expect(pod.output()).rejects.toThrow("ENOENT");
  });

  test("a damaged repository: integrity false, the session says what restic found", async () => {
    const restic = await bench.localRepository("damaged");
    expect((await run({ repository: "damaged" })).types).toContain("RepositoryIntegrityVerified True");
    const before = await bench.repository("damaged");
    for (const each of await readdir(join(restic.url, "data"))) {
      for (const file of await readdir(join(restic.url, "data", each))) {
        await rm(join(restic.url, "data", each, file));
        await writeFile(join(restic.url, "data", each, file), "not a pack");
      }
    }
    const { status } = await run({ repository: "damaged" });
    expect(conditionOf(status?.conditions, "RepositoryIntegrityVerified")).toMatchObject({
      status: "False",
      message: expect.stringMatching(/^the repository is damaged: /),
    });
    expect(await bench.repository("damaged")).toMatchObject({
      integrity: false,
      lastBackupTime: before?.lastBackupTime,
    });
  });
});
