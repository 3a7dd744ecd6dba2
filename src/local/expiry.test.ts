import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeOldEvents } from "./expiry.ts";
import type { Objects } from "./objects.ts";
import { create } from "./objects-create.ts";
import { servedAt } from "./served.ts";
import { openStore } from "./store.ts";

const begun = Date.parse("2026-11-21T12:00:00Z");

test("events go an hour after they were told last, and nothing else goes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "coldstream-expiry-"));
  let now = begun;
  try {
    using store = openStore({ file: join(folder, "store.db") });
    let uids = 0;
    const objects: Objects = {
      ...{ store, clock: () => new Date(now), suffix: () => "aaaaa", uid: () => `uid-${uids++}`, caPem: "" },
    };
    const make = async (plural: string, object: object, namespace = "default") => {
      const resource = servedAt("", "v1", plural);
      if (resource === undefined) throw new Error(`${plural} is not served`);
      const options = { dryRun: false, fieldValidation: "Strict", warn: () => undefined } as const;
      await create(objects, { resource, namespace }, JSON.parse(JSON.stringify(object)), options);
    };
    await make("namespaces", { metadata: { name: "default" } }, "");
    const event = (name: string, lastTimestamp: string) => ({
      metadata: { name, namespace: "default" },
      ...{ involvedObject: { kind: "Pod", name: "a", namespace: "default" }, lastTimestamp, reason: "Told" },
    });
    await make("events", event("old", "2026-11-21T12:00:00Z"));
    await make("events", event("told-again", "2026-11-21T12:30:00Z"));
    await make("configmaps", { metadata: { name: "stays" } });
    now = begun + 3_600_000;
    expect(await removeOldEvents(objects)).toBe(0);
    now += 1000;
    expect(await removeOldEvents(objects)).toBe(1);
    expect(store.list("events").map(({ name }) => name)).toEqual(["told-again"]);
    expect(store.list("configmaps").map(({ name }) => name)).toContain("stays");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
