/** A copy of the data folder, taken while it is written to, has every write that was acknowledged before the copy began. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openCluster } from "../../src/kube/client.ts";
import type { Cluster } from "../../src/kube/cluster.ts";
import { configMaps } from "../../src/kube/core.ts";
import { readKubeconfig } from "../../src/kube/kubeconfig.ts";
import { launchUp, type Up } from "./up.ts";

const writers = 4;
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "coldstream-up-copy-"));
});
afterAll(async () => await rm(home, { recursive: true, force: true }));

const clusterOf = ({ kubeconfig }: Up) => openCluster(readKubeconfig({ path: kubeconfig }));
const copy = async (data: string, to: string) => await launchUp(data, ["--copy-to", to]).ended;

describe("a copy under load", { timeout: 120_000 }, () => {
  let up: Up;
  let data: string;
  beforeAll(async () => {
    data = join(home, "data");
    up = launchUp(data);
    await up.ready;
  }, 60_000);
  afterAll(async () => {
    up?.child.kill("SIGINT");
    await up?.ended;
  }, 60_000);

  test("opens, and has what was acknowledged before it began", async () => {
    await mkdir(join(data, "machine/claims/volume/folder"), { recursive: true });
    await writeFile(join(data, "machine/claims/volume/folder/file"), "kept");
    await using cluster = clusterOf(up);
    const acknowledged = new Map<string, number>();
    const stop = new AbortController();
    const written = Array.from({ length: writers }, (_, writer) =>
      write(cluster, `w${writer}`, { acknowledged, stop }),
    );
    while (Math.min(...acknowledged.values()) < 20 || acknowledged.size < writers) await new Promise(setImmediate);
    const before = new Map(acknowledged);
    expect(await copy(data, join(home, "copy"))).toMatchObject({
      status: 0,
      output: expect.stringContaining("was copied"),
    });
    stop.abort();
    await Promise.all(written);
    // it did write meanwhile
    expect(sum(acknowledged)).toBeGreaterThan(sum(before));
    const second = launchUp(join(home, "copy"));
    await second.ready;
    await using copied = clusterOf(second);
    const { items } = await copied.list(configMaps, { namespace: "default" }, { signal: AbortSignal.timeout(30_000) });
    const found = new Map(items.map(({ metadata: { name = "" }, data }) => [name, Number(data?.["value"])]));
    for (const [name, value] of before) expect(found.get(name), name).toBeGreaterThanOrEqual(value);
    second.child.kill("SIGTERM");
    expect(await second.ended).toMatchObject({ status: 0 });
  });

  test("holds what the folder holds, for its owner alone", async () => {
    const there = join(home, "copy");
    expect((await stat(there)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(there, "api/admin-token"), "utf8")).toBe(
      await readFile(join(data, "api/admin-token"), "utf8"),
    );
    expect(await readFile(join(there, "machine/claims/volume/folder/file"), "utf8")).toBe("kept");
  });

  test("does not touch a folder that is there", async () => {
    const ended = await copy(data, home);
    expect(ended).toMatchObject({ status: 4, output: expect.stringMatching(/is there already.*\n.*not there yet/) });
  });
});

test.each([
  ["nothing", {}, /is no data folder of coldstream.s\n.*--data DIR/],
  ["a store that is damaged", { "store.db": "no database at all, but long enough to be read as one" }, /damaged/],
])("refuses to copy %s, and leaves nothing behind", async (title, files, said) => {
  const data = join(home, title.replaceAll(" ", "-"));
  await mkdir(join(data, "api"), { recursive: true });
  if (Object.keys(files).length > 0) {
    const all = { "authority.json": "{}", "admin-token": "a", "token-key": "b", ...files };
    for (const [name, text] of Object.entries(all)) await writeFile(join(data, "api", name), text);
  }
  const before = await readdir(home);
  const { status, output } = await copy(data, join(home, "never"));
  expect(output).toMatch(said);
  expect(status).not.toBe(0);
  expect(await readdir(home)).toEqual(before);
});

interface Writing {
  readonly acknowledged: Map<string, number>;
  readonly stop: AbortController;
}

async function write(cluster: Cluster, name: string, { acknowledged, stop }: Writing): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  const metadata = { namespace: "default", name };
  await cluster.create(configMaps, { metadata, data: { value: "0" } }, { signal });
  for (let value = 1; !stop.signal.aborted; value++) {
    await cluster.patch(configMaps, metadata, { merge: { data: { value: String(value) } }, signal });
    acknowledged.set(name, value);
  }
}

function sum(values: ReadonlyMap<string, number>): number {
  return [...values.values()].reduce((all, one) => all + one, 0);
}
