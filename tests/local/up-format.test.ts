/** What the first version wrote is opened by this one, for ever: nobody loses a data folder by an upgrade. */
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLog } from "../../src/kit/log.ts";
import { openCluster } from "../../src/kube/client.ts";
import type { Cluster } from "../../src/kube/cluster.ts";
import { configMaps, secrets } from "../../src/kube/core.ts";
import { resourceOf } from "../../src/kube/resource.ts";
import { startApiServer } from "../../src/local/server.ts";

const namespace = "demo";
const options = () => ({ signal: AbortSignal.timeout(30_000) });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "coldstream-format-"));
  await copyFile(join(import.meta.dirname, "../fixtures/local/format-1/store.db"), join(folder, "store.db"));
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

async function served<T>(use: (cluster: Cluster) => Promise<T>): Promise<T> {
  const listen = { host: "127.0.0.1", port: 0 };
  await using server = await startApiServer({ folder, listen, log: silentLog, ...options() });
  await using cluster = openCluster({ server: server.url, ca: server.caPem, token: server.adminToken });
  return await use(cluster);
}

describe("a store of format 1", () => {
  test("lists its objects as they were", async () => {
    await served(async (cluster) => {
      const words = await cluster.get(configMaps, { namespace, name: "words" }, options());
      expect(words).toMatchObject({
        metadata: {
          uid: "d6c7f809-b3f3-4097-8654-ca408e5e91c5",
          resourceVersion: "28",
          labels: { kept: "yes", changed: "once" },
        },
        data: { umlauts: "äöü €", empty: "", lines: "one\ntwo\n" },
      });
      const names = async (kind: Parameters<typeof resourceOf>[0]) =>
        (await cluster.list(resourceOf(kind), { namespace }, options())).items.map(({ metadata }) => metadata.name);
      expect(await names("BackupConfiguration")).toEqual(["nightly"]);
      expect(await names("Repository")).toEqual(["repository"]);
      expect(await names("AppBinding")).toEqual(["nats"]);
      const kept = await cluster.list(secrets, { namespace }, options());
      expect(kept.items.map(({ metadata }) => metadata.name)).toEqual(["repository-secret"]);
    });
  });

  test("takes writes, goes on counting, and has them after the next start", async () => {
    const metadata = { namespace, name: "words" };
    const version = await served(async (cluster) => {
      const written = await cluster.patch(configMaps, metadata, { merge: { data: { new: "value" } }, ...options() });
      return Number(written?.metadata.resourceVersion);
    });
    expect(version).toBeGreaterThan(30);
    const after = await served(async (cluster) => await cluster.get(configMaps, metadata, options()));
    expect(after).toMatchObject({ metadata: { resourceVersion: String(version) }, data: { empty: "", new: "value" } });
  });

  test("stays format 1 while that is what this version writes: an older one can go on", async () => {
    await served(async () => undefined);
    const database = new DatabaseSync(join(folder, "store.db"), { readOnly: true });
    expect(database.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    database.close();
  });
});
