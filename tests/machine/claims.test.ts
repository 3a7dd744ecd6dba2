import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/kit/log.ts";
import { persistentVolumeClaims } from "../../src/kube/core.ts";
import { type Claims, openClaims } from "../../src/machine/claims.ts";
import { type ControllersPlace, namespace, openControllersPlace } from "./controllers-place.ts";
import { localServer } from "./servers.ts";

const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } };

describe("claims", () => {
  let place: ControllersPlace;
  let home: string;
  beforeAll(async () => {
    place = await openControllersPlace(await localServer());
    home = await mkdtemp(join(tmpdir(), "coldstream-claims-"));
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });

  const claimsIn = (name: string) =>
    openClaims(place.cluster, { folder: join(home, name), node: "machine-a", log: silentLog, signal: place.signal });
  const pathOf = async (claims: Claims, name: string) => {
    const found = await claims.place(namespace, name);
    return found.kind === "place" ? found.path : found.message;
  };

  test("lie in the copy of a data folder once that is used, not where they were", async () => {
    await place.create(persistentVolumeClaims, "copied", { spec });
    const before = await pathOf(claimsIn("data"), "copied");
    await writeFile(join(before, "file"), "kept");
    // the last that is written there by itself
    await expect.poll(async () => await readdir(join(home, "data"))).toContain("cluster");
    await cp(join(home, "data"), join(home, "data-restored"), { recursive: true });
    await rm(join(home, "data"), { recursive: true });
    const after = await pathOf(claimsIn("data-restored"), "copied");
    expect(after).toMatch(join(home, "data-restored"));
    expect(await readFile(join(after, "file"), "utf8")).toBe("kept");
    expect(await readdir(home)).toEqual(["data-restored"]);
  });
});
