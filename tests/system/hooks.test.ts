import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { BackupSession } from "../../src/api/backup-session.ts";
import type { DocumentOf } from "../../src/api/documents.ts";
import type { RestoreSession } from "../../src/api/restore-session.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";
import { type HookServer, startHookServer } from "./hook-server.ts";
import { type Journey, lookAt, makeOrders, openJourney, withManager } from "./journey.ts";
import { type System, startSystem, systemMissing } from "./system.ts";

const Review = z.object({ status: z.object({ allowed: z.boolean() }) });

describe.skipIf(systemMissing() !== undefined)("hooks", { timeout: 240_000 }, () => {
  let system: System;
  let nats: TestServer;
  let journey: Journey;
  let hooks: HookServer;
  let runs = 0;
  const configuration = "sample-nats-backup";
  const host = "127.0.0.1";

  beforeAll(async () => {
    system = await startSystem();
    nats = await startNatsServer();
    hooks = await startHookServer();
    system.route("sample-nats.hooks.svc:4222", nats.port);
    journey = await openJourney(system, "helm", "hooks");
    await makeOrders({ servers: nats.url });
    await journey.apply("AppBinding", "Secret", "Repository", "BackupConfiguration");
    await patch({ schedule: "0 0 1 1 *" });
    await system.desk.until(
      "BackupConfiguration",
      { namespace: "hooks", name: configuration },
      ({ status }) => status?.phase === "Ready",
    );
  }, 120_000);
  afterAll(async () => {
    await system?.[Symbol.asyncDispose]();
    await nats?.[Symbol.asyncDispose]();
    await hooks?.[Symbol.asyncDispose]();
  });
  beforeEach(() => hooks.clear());

  async function patch(spec: object): Promise<void> {
    const text = JSON.stringify({ spec });
    await system.desk.kubectl(
      ...["patch", "backupconfiguration", configuration, "-n", "hooks", "--type=merge", "-p", text],
    );
  }

  /** A backup with these hooks, to its end. What the configuration said before of hooks and params is forgotten. */
  async function backUp(given: object, spec: object = {}): Promise<BackupSession> {
    // a merge would keep what the hooks before said
    await patch({ hooks: null });
    await patch({ hooks: given, task: { name: "nats-backup-2.6.1", params: [] }, ...spec });
    runs += 1;
    return await begin(`run-${runs}`);
  }

  async function begin(name: string, retryLeft = 0): Promise<BackupSession> {
    const invoker = { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: configuration };
    await system.desk.apply({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupSession",
      metadata: { namespace: "hooks", name },
      spec: { invoker, retryLeft },
    });
    return await ended("BackupSession", name);
  }

  /** Every step is a process of its own: on a busy machine that takes its time. */
  async function ended<K extends "BackupSession" | "RestoreSession">(kind: K, name: string): Promise<DocumentOf<K>> {
    const look = async () => {
      const found = await system.desk.get(kind, "hooks", name);
      return found?.status?.sessionDuration === undefined ? undefined : found;
    };
    return await eventually(`the end of ${name}`, look, { timeoutMs: 90_000 });
  }

  const post = (path: string, body: string) => ({ httpPost: { host, port: hooks.port, path, body } });
  const lines = () => hooks.calls.map(({ line }) => line);
  const condition = ({ status }: BackupSession | RestoreSession, type: string) => {
    const own = status !== undefined && "targets" in status ? status.targets?.[0]?.conditions : status?.conditions;
    const found = own?.find((each) => each.type === type);
    return found === undefined ? undefined : `${found.status} ${found.reason}: ${found.message}`;
  };
  const target = ({ status }: BackupSession) => status?.targets?.[0];
  const sessionNow = async (name: string) => await system.desk.get("BackupSession", "hooks", name);

  test("run before and behind the backup, and their templates say what it came to", async () => {
    const before: unknown[] = [];
    hooks.answer(200, async () => {
      const name: unknown = JSON.parse(hooks.calls.at(-1)?.body ?? "{}").session;
      before.push((await sessionNow(String(name)))?.status?.targets?.[0]?.stats?.[0]?.phase);
    });
    const body =
      '{"session": {{ .Name | quote }}, "of": "{{ .Namespace }}/{{ .Invoker.Kind }}/{{ .Invoker.Name }}", ' +
      '"target": "{{ .Target.Kind }}/{{ .Target.Name }}", "phase": "{{ .Status.Phase }}"}';
    const session = await backUp({ preBackup: post("/before", body), postBackup: post("/behind?a=b", body) });
    expect(session.status?.phase).toBe("Succeeded");
    expect(lines()).toEqual(["POST /before", "POST /behind?a=b"]);
    expect(hooks.calls.map(({ contentType }) => contentType)).toEqual(["application/json", "application/json"]);
    expect(before).toEqual([undefined, "Succeeded"]);
    const about = { session: session.metadata.name, of: `hooks/BackupConfiguration/${configuration}` };
    expect(hooks.calls.map((each): unknown => JSON.parse(each.body))).toEqual([
      { ...about, target: "AppBinding/sample-nats", phase: "Running" },
      { ...about, target: "AppBinding/sample-nats", phase: "Succeeded" },
    ]);
    expect(condition(session, "PreBackupHookExecutionSucceeded")).toBe(
      "True SuccessfullyExecutedPreBackupHook: The preBackup hook succeeded.",
    );
    expect(condition(session, "PostBackupHookExecutionSucceeded")).toBe(
      "True SuccessfullyExecutedPostBackupHook: The postBackup hook succeeded.",
    );
  });

  test("a hook before that fails keeps the backup from being made, and the session ends", async () => {
    hooks.answer(503);
    const session = await backUp({ preBackup: post("/before", "now"), postBackup: post("/behind", "then") });
    expect(session.status?.phase).toBe("Failed");
    expect(lines()).toEqual(["POST /before"]);
    expect(condition(session, "PreBackupHookExecutionSucceeded")).toBe(
      `False FailedToExecutePreBackupHook: The preBackup hook failed: POST http://127.0.0.1:${hooks.port}/before was answered with 503: not today`,
    );
    expect(condition(session, "PostBackupHookExecutionSucceeded")).toBeUndefined();
    expect(target(session)).toMatchObject({ phase: "Failed" });
    expect(target(session)?.stats).toBeUndefined();
  });

  test("a hook behind that fails fails the session, though the data is stored", async () => {
    hooks.answer(500);
    const session = await backUp({ postBackup: post("/behind", "{{ .Status.Phase }}") });
    expect(session.status?.phase).toBe("Failed");
    expect(hooks.calls.map(({ body }) => body)).toEqual(["Succeeded"]);
    expect(condition(session, "PostBackupHookExecutionSucceeded")).toMatch(
      /^False FailedToExecutePostBackupHook: The postBackup hook failed: .* was answered with 500/,
    );
    expect(target(session)?.stats?.[0]).toMatchObject({ phase: "Succeeded" });
    expect(target(session)?.stats?.[0]?.snapshots).toHaveLength(1);
  });

  const absent = { task: { name: "nats-backup-2.6.1", params: [{ name: "streams", value: "NOWHERE" }] } };

  test.each([
    ["OnFailure", "a good backup", {}, false],
    ["OnFailure", "a failed backup", absent, true],
  ])("%s, after %s", async (executionPolicy, _after, spec, runs) => {
    const body = '{"error": {{ .Status.Error | toJson }}}';
    const session = await backUp({ postBackup: { ...post("/behind", body), executionPolicy } }, spec);
    expect(session.status?.phase).toBe(spec === absent ? "Failed" : "Succeeded");
    expect(lines()).toEqual(runs ? ["POST /behind"] : []);
    if (runs) {
      const { error }: { readonly error: string } = JSON.parse(hooks.calls[0]?.body ?? "");
      expect(error === "").toBe(spec !== absent);
      if (spec === absent) expect(error).toMatch(/NOWHERE/);
    }
    expect(condition(session, "PostBackupHookExecutionSucceeded")).toMatch(
      runs ? /^True .*: The postBackup hook succeeded/ : /^True .*: The hook was not run: its executionPolicy is On/,
    );
  });

  test("OnFinalRetryFailure runs after the last try alone", async () => {
    const hook = { ...post("/behind", "{{ .RetryLeft }}"), executionPolicy: "OnFinalRetryFailure" };
    await patch({ hooks: null });
    await patch({
      hooks: { postBackup: hook },
      ...{ ...absent, retryConfig: { maxRetry: 1, delay: "1s" } },
      backupHistoryLimit: 5,
    });
    const first = await begin("tries", 1);
    expect(first.status?.phase).toBe("Failed");
    expect(condition(first, "PostBackupHookExecutionSucceeded")).toMatch(/there are retries left \(1\)/);
    await system.desk.until(
      "BackupSession",
      { namespace: "hooks", name: "tries" },
      (one) => one.status?.retried === true,
    );
    const names = (await system.desk.kubectl("get", "backupsessions", "-n", "hooks", "-o", "name")).split("\n");
    const second = names.map((name) => name.split("/")[1] ?? "").find((name) => /^sample-nats-backup-\d+$/.test(name));
    const last = await ended("BackupSession", second ?? "none");
    expect(last.spec.retryLeft ?? 0).toBe(0);
    expect(hooks.calls.map(({ body }) => body)).toEqual(["0"]);
    await patch({ retryConfig: null, backupHistoryLimit: null });
  });

  test("where no pod is behind the Service, a hook before says so and nobody waits", async () => {
    const early = await backUp({ preBackup: { tcpSocket: { port: 4222 } } });
    expect(early.status?.phase).toBe("Failed");
    expect(condition(early, "PreBackupHookExecutionSucceeded")).toMatch(/there is no pod behind Service/);
  });

  test("a template that is not understood is named", async () => {
    const session = await backUp({ preBackup: post("/before", "{{ env `HOME` }}") });
    expect(session.status?.phase).toBe("Failed");
    expect(condition(session, "PreBackupHookExecutionSucceeded")).toMatch(
      /the hook's template: there is no function env; there are eq, ne/,
    );
  });

  test("when the step before crashes, the hook behind counts as failed and the session ends", async () => {
    const image = "coldstream.test/coldstream:test";
    const spec = { image, args: ["task", "nats-backup", "--nonsense=1"] };
    await system.desk.apply(
      { apiVersion: "stash.appscode.com/v1beta1", kind: "Function", metadata: { name: "broken" }, spec },
      {
        ...{ apiVersion: "stash.appscode.com/v1beta1", kind: "Task", metadata: { name: "broken" } },
        spec: { steps: [{ name: "broken" }, { name: "update-status" }] },
      },
    );
    const session = await backUp({ postBackup: post("/behind", "") }, { task: { name: "broken", params: [] } });
    expect(session.status?.phase).toBe("Failed");
    expect(lines()).toEqual([]);
    expect(target(session)?.stats?.[0]?.error).toMatch(/^container broken-0 ended with exit code 2/);
    expect(condition(session, "PostBackupHookExecutionSucceeded")).toMatch(/^False FailedToExecutePostBackupHook: /);
  });

  async function restore(name: string, given: object): Promise<RestoreSession> {
    const document = journey.documents.find(({ kind }) => kind === "RestoreSession");
    const metadata = { ...document?.metadata, name };
    await system.desk.apply({ ...document, metadata, spec: { ...document?.spec, hooks: given } });
    return await ended("RestoreSession", name);
  }

  test("of a restore: one before that fails keeps it from beginning", async () => {
    hooks.answer(500);
    await withManager({ servers: nats.url }, async (manager) => await manager.streams.delete("ORDERS"));
    const session = await restore("refused", { preRestore: post("/before", "") });
    expect(session.status?.phase).toBe("Failed");
    expect(condition(session, "PreRestoreHookExecutionSucceeded")).toMatch(
      /^False FailedToExecutePreRestoreHook: The preRestore hook failed: .* 500/,
    );
    expect(await lookAt({ servers: nats.url }, "ORDERS")).toBeUndefined();
  });

  test("of a restore: run before and behind it", async () => {
    const there: boolean[] = [];
    hooks.answer(200, async () => {
      there.push((await lookAt({ servers: nats.url }, "ORDERS")) !== undefined);
    });
    const form = { httpPost: { host, port: hooks.port, form: [{ key: "a", values: ["1", "2"] }] } };
    const behind = { ...post("/behind", "{{ .Invoker.Kind }} {{ .Status.Phase }}"), executionPolicy: "OnSuccess" };
    const session = await restore("again", { preRestore: form, postRestore: behind });
    expect(session.status?.phase).toBe("Succeeded");
    expect(hooks.calls.map(({ body }) => body)).toEqual(["a=1&a=2", "RestoreSession Succeeded"]);
    expect(there).toEqual([false, true]);
    expect(condition(session, "PreRestoreHookExecutionSucceeded")).toMatch(/^True SuccessfullyExecutedPreRestoreHook/);
    expect(condition(session, "PostRestoreHookExecutionSucceeded")).toMatch(
      /^True SuccessfullyExecutedPostRestoreHook/,
    );
  });

  test("of a restore: one behind that fails fails the session, though the data is back", async () => {
    hooks.answer(500);
    await withManager({ servers: nats.url }, async (manager) => await manager.streams.delete("ORDERS"));
    const session = await restore("spoilt", { postRestore: post("/behind", "") });
    expect(session.status?.phase).toBe("Failed");
    expect(session.status?.stats?.[0]).toMatchObject({ phase: "Succeeded" });
    expect(condition(session, "PostRestoreHookExecutionSucceeded")).toMatch(/^False FailedToExecutePostRestoreHook/);
    expect(await lookAt({ servers: nats.url }, "ORDERS")).toBeDefined();
  });

  test("commands in pods are allowed to Jobs with hooks by exec alone, in their own namespace", async () => {
    const may = async (namespace: string, resource: string, subresource?: string) => {
      const user = `system:serviceaccount:hooks:backupconfiguration-${configuration}-0`;
      const resourceAttributes = { verb: "create", resource, subresource, namespace };
      const spec = { user, groups: ["system:serviceaccounts"], resourceAttributes };
      const body = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
      const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
      return Review.parse(await system.desk.plane.request({ method: "POST", path, body })).status.allowed;
    };
    const found: unknown[] = [];
    const look = async () => {
      found.push([
        await may("hooks", "pods", "exec"),
        await may("hooks", "pods"),
        await may("default", "pods", "exec"),
      ]);
    };
    // that it fails saves the rest
    hooks.answer(500, look);
    await backUp({ preBackup: post("/before", "") });
    hooks.answer(200, look);
    const session = await backUp({ preBackup: post("/before", ""), postBackup: { exec: { command: ["true"] } } });
    expect(found).toEqual([
      [false, false, false],
      [true, false, false],
    ]);
    expect(await may("hooks", "pods", "exec")).toBe(false);
    expect(session.status?.phase).toBe("Failed");
    expect(condition(session, "PostBackupHookExecutionSucceeded")).toMatch(
      /The postBackup hook failed: there is no pod behind Service hooks\/sample-nats; check that it runs/,
    );
  });
});
