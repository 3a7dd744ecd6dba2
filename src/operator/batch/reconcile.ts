import { type Condition, type ConditionNews, withCondition } from "../../api/condition.ts";
import { invokerConditions } from "../../api/condition-types.ts";
import { resourceOf } from "../../kube/resource.ts";
import { updateStatus } from "../../kube/update.ts";
import type { Controller, World } from "../controller.ts";
import { isAskedAnew } from "../view/news.ts";

/** Batches are known, so that manifests with them apply; nothing acts on them yet, and their status says so. */
const news: ConditionNews = {
  type: "ValidationPassed",
  status: "False",
  reason: invokerConditions.ValidationPassed.false,
  message:
    "This version does not act on batches: make a BackupConfiguration or RestoreSession for each member. A later one will.",
};

type Said = { readonly conditions?: Condition[] | undefined; readonly phase?: string | undefined } | undefined;

function isSaid(status: Said, now: Date): boolean {
  return status?.phase === "Invalid" && withCondition(status.conditions, news, now) === status.conditions;
}

export function backupBatchController({ cluster, caches, clock }: World): Controller {
  return {
    kind: "BackupBatch",
    concerns: isAskedAnew,
    watches: {},
    async reconcile(key, waiting) {
      const batch = caches.backupBatches.get(key);
      if (batch === undefined || isSaid(batch.status, clock())) return undefined;
      await updateStatus(
        cluster,
        resourceOf("BackupBatch"),
        key,
        ({ status, metadata }) => ({
          ...status,
          phase: "Invalid" as const,
          conditions: [...withCondition(status?.conditions, news, clock())],
          observedGeneration: metadata.generation,
        }),
        { ...waiting, from: batch },
      );
      return undefined;
    },
  };
}

export function restoreBatchController({ cluster, caches, clock }: World): Controller {
  return {
    kind: "RestoreBatch",
    concerns: isAskedAnew,
    watches: {},
    async reconcile(key, waiting) {
      const batch = caches.restoreBatches.get(key);
      if (batch === undefined || isSaid(batch.status, clock())) return undefined;
      await updateStatus(
        cluster,
        resourceOf("RestoreBatch"),
        key,
        ({ status }) => ({
          ...status,
          phase: "Invalid" as const,
          conditions: [...withCondition(status?.conditions, news, clock())],
        }),
        { ...waiting, from: batch },
      );
      return undefined;
    },
  };
}
