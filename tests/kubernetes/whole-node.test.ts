import { chmod, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BackupSession } from "../../src/api/backup-session.ts";
import { exec } from "../../src/kube/exec.ts";
import { image } from "../operator/desk.ts";
import { appBinding, backupConfiguration, repository, secret } from "../operator/documents.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { ownImage } from "../support/whole-node/own-image.ts";
import { boxImage, startWholeNode, type WholeNode, wholeNodeMissing } from "../support/whole-node/whole-node.ts";
import { makeOrders } from "../system/journey.ts";

/** Whole sessions in real containers take minutes: the long run has them, the short one a command in a container. */
const isLong = process.env.COLDSTREAM_LONG === "1";

describe.skipIf(wholeNodeMissing() !== undefined)("a whole node", { timeout: 240_000 }, () => {
  let node: WholeNode;
  const namespace = "demo";
  const pod = (name: string, spec: object, labels = {}) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels },
    spec: { terminationGracePeriodSeconds: 0, ...spec },
  });

  beforeAll(async () => {
    node = await startWholeNode();
    await node.desk.plane.createNamespace(namespace);
  }, 240_000);
  afterAll(async () => await node?.[Symbol.asyncDispose](), 60_000);

  test("runs commands in containers", async () => {
    await node.desk.apply(
      pod("box", { containers: [{ name: "one", image: boxImage, command: ["/bin/sleep", "3600"] }] }),
    );
    await node.podReady(namespace, "box");
    const run = async (...command: string[]) =>
      await exec(
        node.desk.plane.settings,
        { pod: { namespace, name: "box" }, command },
        { signal: AbortSignal.timeout(20_000) },
      );
    expect(await run("sh", "-c", "echo out; echo err >&2")).toEqual({ exitCode: 0, stdout: "out\n", stderr: "err\n" });
    expect(await run("sh", "-c", "exit 42")).toMatchObject({ exitCode: 42 });
    await expect(run("nothing-here")).rejects.toThrow(/executable file not found/);
  });

  if (!isLong) return;

  describe("with our image", () => {
    beforeAll(async () => {
      const { desk, folder } = node;
      await node.image(await ownImage(folder, image));
      await startNats();
      const path = join(folder, "store");
      await mkdir(path);
      await chmod(path, 0o777);
      const local = { mountPath: "/safe/data", hostPath: { path } };
      await desk.apply(
        secret({ namespace }),
        repository({ namespace }, { backend: { local, storageSecretName: "s3-secret" } }),
        appBinding({ namespace }),
        // no node here provides disks
        backupConfiguration({ namespace }, { schedule: "0 0 1 1 *", interimVolumeTemplate: undefined }),
      );
      await desk.startOperator();
      const key = { namespace, name: "sample-nats-backup" };
      await desk.until("BackupConfiguration", key, ({ status }) => status?.phase === "Ready");
    }, 240_000);

    async function startNats(): Promise<void> {
      const { desk } = node;
      const command = ["/usr/bin/nats-server", "-js", "-sd", "/tmp/jetstream", "-m", "8222"];
      const ports = [
        { name: "client", containerPort: 4222 },
        { name: "monitor", containerPort: 8222 },
      ];
      const labels = { app: "nats" };
      await desk.apply(pod("sample-nats-0", { containers: [{ name: "nats", image, command, ports }] }, labels), {
        ...{ apiVersion: "v1", kind: "Service", metadata: { namespace, name: "sample-nats" } },
        spec: { clusterIP: "None", selector: labels, ports: [{ name: "client", port: 4222 }] },
      });
      await node.podReady(namespace, "sample-nats-0");
      const ip = await desk.kubectl("get", "pod", "sample-nats-0", "-n", namespace, "-o", "jsonpath={.status.podIP}");
      await node.setNames({ "sample-nats.demo.svc.cluster.local": ip });
      const port = await freePort();
      await node.reach(port, ip, 4222);
      await makeOrders({ servers: `nats://127.0.0.1:${port}` });
    }

    async function backUp(name: string, hooks: object): Promise<BackupSession> {
      const { desk } = node;
      const spec = { schedule: "0 0 1 1 *", interimVolumeTemplate: undefined, hooks };
      await desk.apply(backupConfiguration({ namespace }, spec));
      const invoker = { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: "sample-nats-backup" };
      await desk.apply({
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "BackupSession",
        metadata: { namespace, name },
        spec: { invoker },
      });
      const look = async () => {
        const session = await desk.get("BackupSession", namespace, name);
        return session?.status?.sessionDuration === undefined ? undefined : session;
      };
      try {
        return await eventually(`the end of ${name}`, look, { timeoutMs: 150_000 });
      } catch (cause) {
        throw new Error(await desk.kubectl("describe", "backupsessions,pods", "-n", namespace), { cause });
      }
    }

    const condition = ({ status }: BackupSession, type: string) => {
      const found = status?.targets?.[0]?.conditions?.find((each) => each.type === type);
      return found === undefined ? undefined : `${found.status}: ${found.message}`;
    };

    test("a backup with hooks in the database's pod succeeds, as the user that nobody is", async () => {
      const session = await backUp("good", {
        preBackup: { exec: { command: ["/bin/sh", "-c", "echo {{ .Name }} > /tmp/before"] }, containerName: "nats" },
        postBackup: {
          exec: { command: ["/bin/sh", "-c", '[ "$(cat /tmp/before)" = good ]'] },
          httpGet: { port: "monitor", path: "/healthz" },
          tcpSocket: { port: "client" },
        },
      });
      expect({ phase: session.status?.phase, status: session.status }).toMatchObject({ phase: "Succeeded" });
      expect(condition(session, "PreBackupHookExecutionSucceeded")).toMatch(/^True: /);
      expect(condition(session, "PostBackupHookExecutionSucceeded")).toMatch(/^True: /);
      const snapshots = join(node.folder, "store/snapshots");
      const [first = ""] = await readdir(snapshots);
      expect((await stat(join(snapshots, first))).uid).toBe(65_534);
    });

    test("a command that fails before keeps the backup from being made", async () => {
      const session = await backUp("refused", {
        preBackup: { exec: { command: ["/bin/sh", "-c", "echo not now >&2; exit 3"] } },
      });
      expect(session.status?.phase).toBe("Failed");
      expect(condition(session, "PreBackupHookExecutionSucceeded")).toMatch(
        /^False: The preBackup hook failed: the command "\/bin\/sh" ended with exit code 3: not now/,
      );
      expect(session.status?.targets?.[0]?.stats).toBeUndefined();
    });

    test("a command that is not there is named", async () => {
      const session = await backUp("missing", { postBackup: { exec: { command: ["nothing-here"] } } });
      expect(session.status?.phase).toBe("Failed");
      expect(condition(session, "PostBackupHookExecutionSucceeded")).toMatch(/executable file not found/);
      expect(session.status?.targets?.[0]?.stats?.[0]).toMatchObject({ phase: "Succeeded" });
    });
  });
});
