import type { Controller, World } from "../controller.ts";
import { isAskedAnew } from "../view/news.ts";

/** BackupBlueprints are known, so that manifests with them apply; nothing acts on them yet. They have no status: an event says so. */
export function blueprintController({ caches, recorder }: World): Controller {
  return {
    kind: "BackupBlueprint",
    concerns: isAskedAnew,
    watches: {},
    async reconcile(key) {
      const blueprint = caches.backupBlueprints.get(key);
      if (blueprint === undefined) return undefined;
      const message =
        "This version does not act on BackupBlueprints: make a Repository and a BackupConfiguration for each target. A later one will.";
      await recorder.event(blueprint, { type: "Warning", reason: "Not Available Yet", message });
      return undefined;
    },
  };
}
