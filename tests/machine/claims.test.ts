import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/kit/log.ts";
import { persistentVolumeClaims } from "../../src/kube/core.ts";
import { persistentVolumes } from "../../src/machine/claim-place.ts";
import { type Claims, openClaims } from "../../src/machine/claims.ts";
import { type ControllersPlace, namespace, openControllersPlace } from "./controllers-place.ts";
import { localServer } from "./servers.ts";

const noNamespace = { namespace: undefined };
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

  test("that name a volume lie on it from the first pod on, and wait until it is there", async () => {
    const claims = claimsIn("named");
    await place.create(persistentVolumeClaims, "named", { spec: { ...spec, volumeName: "disk" } });
    const waits = 'persistentvolumeclaim "named" waits for its volume: persistentvolume "disk" not found';
    expect(await pathOf(claims, "named")).toBe(waits);
    const path = join(home, "disk");
    const capacity = { storage: "1Mi" };
    await place.create(persistentVolumes, "disk", { spec: { ...spec, capacity, hostPath: { path } } }, noNamespace);
    expect(await pathOf(claims, "named")).toBe(path);
    const bound = await place.cluster.get(persistentVolumeClaims, { namespace, name: "named" }, place);
    expect(bound?.status).toMatchObject({ phase: "Bound" });
    expect(await pathOf(claims, "named")).toBe(path);
    const volumes = await place.cluster.list(persistentVolumes, {}, place);
    expect(volumes.items.map(({ metadata }) => metadata.name)).not.toContain(`pvc-${bound?.metadata.uid}`);
  });
});
