import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRepository } from "../../src/repository/restic.ts";
import { controlPlaneMissing } from "../support/control-plane.ts";
import { type ObjectStore, objectStoreProgram, startObjectStore } from "../support/object-store.ts";
import { findProgram } from "../support/programs.ts";
import { type RestServer, startRestServer } from "../support/rest-server.ts";
import { programEnvironment } from "../support/restic.ts";
import { namespace, password, startTaskBench, type TaskBench } from "./bench.ts";

const { signal } = new AbortController();
const isMissing =
  controlPlaneMissing() !== undefined || objectStoreProgram() === undefined || findProgram("rclone") === undefined;

describe.skipIf(isMissing)("wipe-out", () => {
  let bench: TaskBench;
  let store: ObjectStore;
  beforeAll(async () => {
    [bench, store] = await Promise.all([startTaskBench(), startObjectStore()]);
    await bench.secret("keys", {
      RESTIC_PASSWORD: password,
      AWS_ACCESS_KEY_ID: store.accessKey,
      AWS_SECRET_ACCESS_KEY: store.secretKey,
    });
  }, 120_000);
  afterAll(async () => {
    await store?.[Symbol.asyncDispose]();
    await bench?.[Symbol.asyncDispose]();
  });

  async function fill(prefix: string): Promise<void> {
    const { url, env } = store.repository(prefix);
    const restic = openRepository({
      ...{ url, env, password: { kind: "text", text: password } },
      baseEnv: programEnvironment(bench.folder),
    });
    await store.layRepository(prefix, password);
    await restic.backup({ directory: join(import.meta.dirname), host: "host-0", tags: [] }, { signal });
  }
  async function objects(): Promise<string[]> {
    const entries = await readdir(join(store.directory, store.bucket), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return files.map((path) => path.slice(join(store.directory, store.bucket).length + 1)).sort();
  }
  async function wipe(name: string, s3: { readonly prefix?: string; readonly secret?: string }) {
    const { prefix, secret = "keys" } = s3;
    const backend = { storageSecretName: secret, s3: { endpoint: store.endpoint, bucket: store.bucket, prefix } };
    await bench.create("Repository", { metadata: { name }, spec: { wipeOut: true, backend } });
    return await (await bench.pod()).task("wipe-out", { repository: `${namespace}/${name}` });
  }

  test("deletes all below the prefix and nothing beside it", async () => {
    await fill("demo/one");
    await fill("demo/one-more");
    expect(await wipe("one", { prefix: "/demo//one/" })).toMatchObject({ exit: 0 });
    const left = await objects();
    expect(left).toContain("demo/one-more/config");
    expect(left.filter((path) => path.startsWith("demo/one/"))).toEqual([]);
    // again: there is nothing to delete
    expect(await wipe("one-again", { prefix: "demo/one" })).toMatchObject({ exit: 0 });
  });

  test("does not touch another repository below the prefix", async () => {
    await fill("team");
    await fill("team/nested");
    const before = await objects();
    const { exit, stderr } = await wipe("team", { prefix: "team" });
    expect([exit, stderr]).toEqual([
      4,
      expect.stringContaining("another repository lies in it, at nested; nothing was deleted"),
    ]);
    expect(await objects()).toEqual(before);
  });

  test("without a prefix deletes only what restic made", async () => {
    await fill("");
    expect(await wipe("whole", {})).toMatchObject({ exit: 0 });
    const left = await objects();
    expect(left.filter((path) => /^(config|data\/|keys\/|index\/|snapshots\/)/.test(path))).toEqual([]);
    expect(left).toContain("team/nested/config");
  });

  test.each([
    ["an unknown key", { AWS_ACCESS_KEY_ID: "NOBODY", AWS_SECRET_ACCESS_KEY: "hunter2hunter2" }],
    ["a wrong key", { AWS_ACCESS_KEY_ID: "ACCESSKEY", AWS_SECRET_ACCESS_KEY: "hunter2hunter2" }],
  ])("fails with %s, and shows none", async (title, keys) => {
    const name = title.replaceAll(" ", "-");
    await bench.secret(name, { RESTIC_PASSWORD: password, ...keys });
    const { exit, stderr } = await wipe(name, { prefix: "team", secret: name });
    expect(exit).toBe(13);
    expect(stderr).toContain("check the Repository's backend, the keys in its Secret");
    expect(stderr).not.toContain("hunter2");
    expect(await objects()).toContain("team/config");
  });

  describe("on a REST server", () => {
    const servers: RestServer[] = [];
    afterAll(async () => {
      for (const server of servers) await server[Symbol.asyncDispose]();
    });

    test.each([
      [false, 0],
      [true, 1],
    ])("append-only %s: ends with %s", async (appendOnly, exit) => {
      const user = { name: "jo", password: "s3cret" };
      const server = await startRestServer({ user, appendOnly });
      servers.push(server);
      const name = `rest-${appendOnly}`;
      await bench.secret(name, {
        RESTIC_PASSWORD: password,
        REST_SERVER_USERNAME: user.name,
        REST_SERVER_PASSWORD: user.password,
      });
      const url = `http://${server.address}/deep/er`;
      const restic = openRepository({
        ...{ url: `rest:${url}`, password: { kind: "text", text: password } },
        env: { RESTIC_REST_USERNAME: user.name, RESTIC_REST_PASSWORD: user.password },
        baseEnv: programEnvironment(bench.folder),
      });
      await restic.initialize({ signal });
      await restic.backup({ directory: join(import.meta.dirname), host: "host-0", tags: [] }, { signal });
      await bench.create("Repository", {
        metadata: { name },
        spec: { backend: { storageSecretName: name, rest: { url } } },
      });
      const end = await (await bench.pod()).task("wipe-out", { repository: `${namespace}/${name}` });
      expect(end).toMatchObject({ exit });
      const files = await readdir(join(server.directory, "deep/er"), { recursive: true, withFileTypes: true });
      const left = files.filter((entry) => entry.isFile());
      if (appendOnly) expect(end.stderr).toContain("append-only mode deletes nothing");
      else expect(left).toEqual([]);
    });
  });

  test("refuses a folder", async () => {
    await bench.localRepository("here");
    const { exit, stderr } = await (await bench.pod()).task("wipe-out", { repository: `${namespace}/here` });
    expect([exit, stderr]).toEqual([2, expect.stringContaining("cannot be used with the backends local and b2")]);
  });
});
