/**
 * A disk that is full takes nothing from `coldstream up` but its readiness: it says so once, goes on answering, and takes
 * writes again by itself; what was acknowledged is all there, what was not is not.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openCluster } from "../../src/kube/client.ts";
import type { Cluster } from "../../src/kube/cluster.ts";
import { configMaps } from "../../src/kube/core.ts";
import { readKubeconfig } from "../../src/kube/kubeconfig.ts";
import { eventually } from "../support/eventually.ts";
import { noSmallDisk, openSmallDisk, type SmallDisk } from "../support/small-disk.ts";
import { launchUp, type Up } from "./up.ts";

const options = () => ({ signal: AbortSignal.timeout(20_000) });
const megabyte = 1024 * 1024;

describe.skipIf(noSmallDisk !== undefined)(
  `a full disk${noSmallDisk === undefined ? "" : ` (${noSmallDisk})`}`,
  {
    timeout: 120_000,
  },
  () => {
    let [home, data] = ["", ""];
    let disk: SmallDisk;
    let up: Up;
    const acknowledged = new Map<string, string>();

    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), "coldstream-full-"));
      disk = await openSmallDisk(home, { bytes: 48 * megabyte });
      data = join(home, "data");
      await begin();
    }, 60_000);
    afterAll(async () => {
      up?.child.kill("SIGKILL");
      await up?.ended;
      await disk?.[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    }, 60_000);

    const begin = async () => {
      up = launchUp(data, undefined, disk.within);
      await up.ready;
    };
    const seen = (path: string) => join(disk.seenAt, "data", path);
    const settings = () => readKubeconfig({ path: seen("kubeconfig") });
    const clusterOf = (): Cluster => openCluster({ ...settings(), limits: { retryMs: 0 } });
    const ask = async (path: string): Promise<readonly [number | undefined, string]> => {
      const answer = await new Promise<IncomingMessage>((resolve, reject) =>
        get(`${settings().server}${path}`, { rejectUnauthorized: false, agent: false }, resolve).on("error", reject),
      );
      return [answer.statusCode, await text(answer)];
    };
    const log = async () => (await readFile(seen("coldstream.log"), "utf8")).split("\n").filter((line) => line !== "");
    /** Whether it was acknowledged. */
    const write = async (cluster: Cluster, name: string, value: string): Promise<boolean> => {
      const object = { metadata: { namespace: "default", name }, data: { value } };
      const made = await cluster.create(configMaps, object, options()).catch(() => undefined);
      if (made !== undefined) acknowledged.set(name, value);
      return made !== undefined;
    };
    const expectAll = async (cluster: Cluster) => {
      const { items, refused } = await cluster.list(configMaps, { namespace: "default" }, options());
      expect(refused).toEqual([]);
      const found = new Map(items.map(({ metadata, data: text }) => [metadata.name ?? "", text?.["value"]]));
      found.delete("kube-root-ca.crt");
      expect(found).toEqual(acknowledged);
    };

    test("is said by /readyz, in Kubernetes' words, not by /livez", async () => {
      expect(await ask("/readyz?verbose")).toEqual([200, "[+]ping ok\n[+]store ok\nreadyz check passed\n"]);
      await using cluster = clusterOf();
      for (let index = 0; index < 20; index++)
        expect(await write(cluster, `before-${index}`, "x".repeat(5000))).toBe(true);
      disk.fill();
      // what lies in room that the store had already is acknowledged
      for (let index = 0; await write(cluster, `during-${index}`, "x".repeat(100_000)); index++);
      const failed = [
        500,
        expect.stringMatching(/^\[\+\]ping ok\n\[-\]store failed: .*no space left\nreadyz check failed\n$/),
      ];
      expect(await ask("/readyz")).toEqual(failed);
      expect(await ask("/readyz/store")).toEqual([
        500,
        expect.stringMatching(/^internal server error: .*no space left/),
      ]);
      expect(await ask("/readyz?exclude=store")).toEqual([200, "ok"]);
      expect(await ask("/livez")).toEqual([200, "ok"]);
    });

    test("lets reads go on, and refuses each write with the reason", async () => {
      await using cluster = clusterOf();
      await expectAll(cluster);
      for (let index = 0; index < 30; index++) await write(cluster, `refused-${index}`, "x".repeat(100_000));
      const metadata = { namespace: "default", name: "refused" };
      const refused = cluster.create(configMaps, { metadata, data: { value: "x".repeat(100_000) } }, options());
      await expect(refused).rejects.toThrow(/no space left/);
      await expectAll(cluster);
      // not ready for a while longer: it does not come and go
      await sleep(2500);
      expect((await ask("/readyz"))[0]).toBe(500);
    });

    test("is over by itself, without a word lost", async () => {
      disk.free();
      await eventually("ready again", async () => (await ask("/readyz"))[0] === 200);
      await using cluster = clusterOf();
      await expectAll(cluster);
      expect(await write(cluster, "after", "x".repeat(100_000))).toBe(true);
      const lines = await eventually("the log", async () => {
        const all = await log();
        return all.some((line) => line.includes("store can be written again")) ? all : undefined;
      });
      expect(lines.map((line) => JSON.parse(line).level)).not.toContain(undefined);
      const said = lines.filter((line) => line.includes('"store cannot be written"'));
      expect(said).toHaveLength(1);
      expect(JSON.parse(said[0] ?? "")).toMatchObject({
        level: "error",
        hint: expect.stringMatching(/free some space/),
      });
      expect(lines.filter((line) => line.includes('"request failed"'))).toEqual([]);
    });

    test("ends a process that is killed meanwhile no worse", async () => {
      await using cluster = clusterOf();
      disk.fill();
      for (let index = 0; await write(cluster, `killed-${index}`, "x".repeat(100_000)); index++);
      up.child.kill("SIGKILL");
      await up.ended;
      disk.fill();
      const before = await stored();
      const { status, output } = await launchUp(data, undefined, disk.within).ended;
      expect(output).toMatch(
        /^coldstream: the data folder .*: no space left.*\n {2}free some space on the disk of .*\n$/,
      );
      expect(status).toBe(1);
      expect(await stored()).toEqual(before);
      disk.free();
      await begin();
      await using again = clusterOf();
      await expectAll(again);
      up.child.kill("SIGINT");
      expect(await up.ended).toMatchObject({ status: 130 });
    });

    test("makes no new folder that could not be used", async () => {
      disk.fill();
      const fresh = join(home, "fresh");
      const { status, output } = await launchUp(fresh, undefined, disk.within).ended;
      expect(output).toMatch(/^coldstream: .*no space left.*\n {2}free some space on the disk of .*\n$/);
      expect(status).toBe(1);
      disk.free();
      const second = launchUp(fresh, undefined, disk.within);
      await second.ready;
      second.child.kill("SIGTERM");
      expect(await second.ended).toMatchObject({ status: 0 });
    });

    test("a folder that is read-only is refused likewise", async () => {
      const [program = "", ...args] = [...disk.within, "mount", "-o", "remount,ro", home];
      execFileSync(program, args);
      const before = await stored();
      const { status, output } = await launchUp(data, undefined, disk.within).ended;
      expect(output).toMatch(/^coldstream: the data folder .*: .*read-only.*\n {2}.*--data DIR\n$/);
      expect(status).toBe(2);
      expect(await stored()).toEqual(before);
    });

    /** What lies in the store's folder, by name. */
    async function stored(): Promise<Readonly<Record<string, string>>> {
      const names = await readdir(seen("api"));
      const hash = async (name: string) =>
        createHash("sha256")
          .update(await readFile(seen(`api/${name}`)))
          .digest("hex");
      return Object.fromEntries(await Promise.all(names.sort().map(async (name) => [name, await hash(name)] as const)));
    }
  },
);
