/**
 * Invariant: a mistake ends in a condition or in a failed session with a sentence that says what to do, soon; no value of a
 * Secret is shown anywhere; and nothing that was made for the session is left.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Condition } from "../../src/api/condition.ts";
import { openRepository } from "../../src/repository/restic.ts";
import { secret } from "../operator/documents.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { noise, programEnvironment } from "../support/restic.ts";
import { withManager } from "./journey.ts";
import { type KeptLogs, keepLogs } from "./kept-logs.ts";
import { configurationName, interimVolume, openScene, resticPassword, type Scene, type SceneOptions } from "./scene.ts";
import { type System, startSystem, systemMissing } from "./system.ts";

const natsPassword = "nats-hunter2-hunter2";
const wrong = "wrong-hunter2-hunter2";
/** Milliseconds. The promise is 15 s; the rest is for a machine that runs other tests at the same time. */
const soonMs = 30_000;

interface Mistake {
  readonly scene?: Partial<SceneOptions>;
  readonly spec?: object;
}

/** A port that nobody listens on, however long it takes. */
const nobody = 1;

describe.skipIf(systemMissing() !== undefined)("a manifest with a mistake", { timeout: 180_000 }, () => {
  let system: System;
  let nats: TestServer;
  let logs: KeptLogs;
  const scenes: Scene[] = [];

  beforeAll(async () => {
    system = await startSystem();
    logs = await keepLogs(system.folder);
    nats = await startNatsServer({ config: `authorization { user: "stash", password: "${natsPassword}" }` });
    const options = { servers: nats.url, user: "stash", pass: natsPassword };
    await withManager(options, async (manager, connection) => {
      await manager.streams.add({ name: "ORDERS", subjects: ["ORDERS.*"] });
      for (let number = 0; number < 40; number++) connection.publish("ORDERS.noise", noise(500_000, number));
      await connection.flush();
    });
  }, 120_000);
  afterAll(async () => {
    await system?.[Symbol.asyncDispose]();
    await logs?.[Symbol.asyncDispose]();
    await nats?.[Symbol.asyncDispose]();
  });

  async function open(changes: Partial<SceneOptions> = {}): Promise<Scene> {
    const scene = await openScene(system, {
      port: nats.port,
      binding: { secret: { name: "nats-auth" } },
      ...changes,
    });
    scenes.push(scene);
    await system.desk.apply(
      secret({ namespace: scene.namespace, name: "nats-auth" }, { username: "stash", password: natsPassword }),
      secret({ namespace: scene.namespace, name: "nats-wrong" }, { username: "stash", password: wrong }),
    );
    return scene;
  }

  async function clean(scene: Scene): Promise<void> {
    await eventually("nothing is left", async () => (await scene.left()).length === 0, { timeoutMs: 30_000 });
  }

  test.each<[string, Mistake, RegExp]>([
    ["an unknown Task", { spec: { task: { name: "nats-backup-9" } } }, /Task nats-backup-9 does not exist: correct/],
    ["a Secret that is missing", { scene: { leaveOut: ["Secret"] } }, /Secret .*s3-secret does not exist: create it/],
    ["a key that is missing", { scene: { keys: { RESTIC_PASSWORD: "" } } }, /has no RESTIC_PASSWORD: add/],
    ["a wrong schedule", { spec: { schedule: "at night" } }, /schedule.*for example "0 3 \* \* \*"/],
  ])(
    "is told of %s in its condition, and its sessions are skipped",
    async (_title, { scene: changes, spec }, message) => {
      const scene = await open(changes);
      const { namespace } = scene;
      const begun = performance.now();
      await scene.configure({ interimVolumeTemplate: interimVolume(), ...spec });
      const found = await eventually("a condition", async () => {
        const one = await system.desk.get("BackupConfiguration", namespace, configurationName);
        return one?.status?.conditions?.find(({ status }) => status === "False");
      });
      expect(performance.now() - begun).toBeLessThan(soonMs);
      expect(found.message).toMatch(message);
      const { phase, session } = await scene.backUp("by-hand");
      expect(phase).toBe("Skipped");
      expect(conditionOf(session.status?.conditions, "BackupSkipped")?.message).toMatch(message);
      expect(await scene.left()).toEqual([]);
      const made = "cronjob,job,pod,pvc,role,rolebinding";
      expect(await system.desk.kubectl("get", made, "-n", namespace, "-o", "name")).toBe("");
    },
  );

  const params = (name: string, value: string) => ({
    task: { name: "nats-backup-2.6.1", params: [{ name, value }] },
  });
  test.each<[string, Mistake, RegExp]>([
    ["an unknown stream", { spec: params("streams", "NOPE") }, /no stream NOPE; correct the param streams.*ORDERS/],
    ["a typo in a param", { spec: params("proof", "Allways") }, /the param proof.*Always, Daily or Never/],
    [
      "a wrong NATS password",
      { scene: { binding: { secret: { name: "nats-wrong" } } } },
      /refused the login.*; check the login in the AppBinding's Secret/,
    ],
    [
      "a wrong key for the bucket",
      { scene: { keys: { AWS_SECRET_ACCESS_KEY: wrong } } },
      /check the Repository's backend, the keys in its Secret/,
    ],
    [
      "too small an interim volume",
      { spec: { interimVolumeTemplate: interimVolume("64Ki") } },
      /(persistentvolumeclaim ".*" is full.*ask for more storage|give the interim volume more room)/,
    ],
  ])("ends in a failed session for %s", async (_title, { scene: changes, spec }, error) => {
    const scene = await open(changes);
    await scene.configure({ interimVolumeTemplate: interimVolume(), ...spec });
    await scene.ready();
    const begun = performance.now();
    const ended = await scene.backUp("by-hand");
    expect(performance.now() - begun).toBeLessThan(soonMs);
    expect([ended.phase, ended.error]).toEqual(["Failed", expect.stringMatching(error)]);
    await clean(scene);
    const again = await system.desk.get("BackupSession", scene.namespace, "by-hand");
    expect(again?.status).toEqual(ended.session.status);
  });

  test("ends in a failed session for a wrong repository password, and makes no repository over it", async () => {
    const scene = await open({ keys: { RESTIC_PASSWORD: wrong }, isEmpty: true });
    const { url, env } = system.store.repository(scene.prefix);
    const restic = openRepository({
      url,
      password: { kind: "text", text: resticPassword },
      cacheDirectory: system.folder,
      baseEnv: { ...programEnvironment(system.folder), ...env },
    });
    const waiting = { signal: new AbortController().signal };
    await restic.initialize(waiting);
    await scene.configure({ interimVolumeTemplate: interimVolume() });
    await scene.ready();
    const { phase, error, session } = await scene.backUp("by-hand");
    expect([phase, error]).toEqual(["Failed", expect.stringContaining("correct RESTIC_PASSWORD in the Secret")]);
    expect(conditionOf(session.status?.conditions, "BackendRepositoryInitialized")).toMatchObject({ status: "False" });
    expect(await restic.probe(waiting)).toBe("present");
    await clean(scene);
  });

  test.each<[string, Mistake, string, RegExp]>([
    [
      "NATS",
      { scene: { port: nobody } },
      "StreamsBackedUp",
      /AppBinding .*sample-nats.*refused.*check the AppBinding's clientConfig/,
    ],
    [
      "the bucket",
      { scene: { s3: { endpoint: `http://127.0.0.1:${nobody}` } } },
      "BackendRepositoryInitialized",
      /check the Repository's backend, the keys in its Secret, and the network/,
    ],
  ])("is told soon that %s cannot be reached, and ends after waitTimeout", async (_title, mistake, type, message) => {
    const scene = await open(mistake.scene);
    await scene.configure({ interimVolumeTemplate: interimVolume(), ...params("waitTimeout", "6") });
    await scene.ready();
    const begun = performance.now();
    await scene.begin("by-hand");
    const said = await eventually("a condition", async () => {
      const { status } = (await system.desk.get("BackupSession", scene.namespace, "by-hand")) ?? {};
      return conditionOf([...(status?.conditions ?? []), ...(status?.targets?.[0]?.conditions ?? [])], type);
    });
    expect(performance.now() - begun).toBeLessThan(soonMs);
    expect([said.status, said.message]).toEqual(["Unknown", expect.stringMatching(message)]);
    const { phase, error } = await scene.ended("by-hand");
    expect([phase, error]).toEqual(["Failed", expect.stringMatching(message)]);
    expect(error).toContain("tried for 6.");
    await clean(scene);
  });

  test("with a param that nobody looks at is told so by an event", async () => {
    const scene = await open();
    await scene.configure({ ...params("stream", "ORDERS") });
    await scene.ready();
    expect((await scene.backUp("by-hand")).phase).toBe("Succeeded");
    const told = await eventually("an event", async () => {
      const all = [
        ...(await system.desk.told(scene.namespace, configurationName)),
        ...(await system.desk.told(scene.namespace, "by-hand")),
      ];
      return all.find((text) => text.startsWith("Unused Params"));
    });
    expect(told).toMatch(/stream\b/);
  });

  test("of a restore fails without leaving anything", async () => {
    const scene = scenes.at(-1) as Scene;
    const { phase, error } = await scene.restore("of-nothing", {
      interimVolumeTemplate: interimVolume(),
      target: {
        ref: { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "sample-nats" },
        rules: [{ snapshots: ["0123abcd"] }],
      },
    });
    expect([phase, error]).toEqual(["Failed", expect.stringContaining("0123abcd")]);
    expect(error).toContain("kubectl get snapshots");
    const ofRestores = async () => (await scene.left()).filter((name) => !name.includes("stash-backup-"));
    await eventually("nothing is left", async () => (await ofRestores()).length === 0);
  });

  test("shows no Secret's value anywhere", async () => {
    const kinds = "repositories,backupconfigurations,backupsessions,restoresessions,appbindings,snapshots";
    const others = "jobs,cronjobs,pods,configmaps,events,pvc,roles";
    const shown = await Promise.all(
      scenes.map(({ namespace }) =>
        system.desk.kubectl("get", `${kinds},${others}`, "-n", namespace, "-o", "json", "--show-managed-fields"),
      ),
    );
    const said = await logs.all();
    expect(said).toContain("backup failed");
    const all = [...shown, said, ...(system.operator?.log ?? []), ...(await system.pushgateway.samples())].join("\n");
    for (const value of [resticPassword, natsPassword, wrong, system.store.secretKey]) {
      expect(all.includes(value), value).toBe(false);
      expect(all.includes(Buffer.from(value).toString("base64")), `${value} in base64`).toBe(false);
    }
  });
});

function conditionOf(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((one) => one.type === type);
}
