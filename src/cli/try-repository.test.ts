import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { environmentOf } from "./environment.ts";
import type { RepositorySettings } from "./repository-settings.ts";
import { placeForTry } from "./try-repository.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "coldstream-try-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const nothing: RepositorySettings = { place: undefined, password: undefined };
const at = (settings: Partial<RepositorySettings> = {}) =>
  placeForTry(
    { place: { kind: "url", url: join(folder, "repo") }, password: undefined, ...settings },
    environmentOf({}, folder),
  );

test("without settings the repository is ./coldstream-repo, its password beside it", async () => {
  const place = await placeForTry(nothing, environmentOf({}, folder));
  expect(place.place).toEqual({ kind: "url", url: "./coldstream-repo" });
  expect(place.passwordFile).toBe("./coldstream-repo.password");
  expect(place.password).toEqual({ kind: "file", path: join(folder, "coldstream-repo.password") });
});

test("nothing is written until it is time", async () => {
  await at();
  await expect(stat(join(folder, "repo.password"))).rejects.toThrow("ENOENT");
});

test("a new password is long, for its owner only, and used again", async () => {
  const written = await (await at()).write();
  const path = join(folder, "repo.password");
  const password = await readFile(path, "utf8");
  expect(password.trim()).toMatch(/^[\w-]{32}$/);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  written.keep();
  await written[Symbol.asyncDispose]();
  await (await (await at()).write())[Symbol.asyncDispose]();
  expect(await readFile(path, "utf8")).toBe(password);
});

test("a password that no repository was made with is taken back", async () => {
  await (await (await at()).write())[Symbol.asyncDispose]();
  await expect(stat(join(folder, "repo.password"))).rejects.toThrow("ENOENT");
});

test("a password that a repository was made with stays, whatever failed later", async () => {
  const written = await (await at()).write();
  await mkdir(join(folder, "repo/keys"), { recursive: true });
  await written[Symbol.asyncDispose]();
  expect((await stat(join(folder, "repo.password"))).isFile()).toBe(true);
});

test("a password in the settings is used, and no file is made", async () => {
  const place = await at({ password: { kind: "text", text: "secret" } });
  await place.write();
  expect(place.passwordFile).toBeUndefined();
  await expect(stat(join(folder, "repo.password"))).rejects.toThrow("ENOENT");
});

describe("what is there and not ours is left alone:", () => {
  async function refusal(settings: Partial<RepositorySettings> = {}): Promise<string> {
    return Failure.from(await at(settings).catch((error: unknown) => error)).code;
  }

  test("a folder with other things in it", async () => {
    await mkdir(join(folder, "repo"));
    await writeFile(join(folder, "repo/thesis.txt"), "");
    expect(await refusal()).toBe("plan-refused");
    expect(await refusal({ password: { kind: "text", text: "x" } })).toBe("plan-refused");
  });
  test("a file", async () => {
    await writeFile(join(folder, "repo"), "");
    expect(await refusal()).toBe("plan-refused");
  });
  test("a folder where the password would be", async () => {
    await mkdir(join(folder, "repo.password"));
    expect(await refusal()).toBe("plan-refused");
  });
  test("a repository whose password is elsewhere", async () => {
    await mkdir(join(folder, "repo/keys"), { recursive: true });
    expect(await refusal()).toBe("credentials-unreadable");
  });
  test("a bucket without a password", async () =>
    expect(await refusal({ place: { kind: "url", url: "s3:https://s3.example.com/b" } })).toBe("usage"));
  test("an empty folder is fine", async () => {
    await mkdir(join(folder, "repo"));
    await chmod(join(folder, "repo"), 0o755);
    expect(await refusal()).toBe("unexpected");
    expect((await at()).passwordFile).toBe(join(folder, "repo.password"));
  });
});
