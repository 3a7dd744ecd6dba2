import type { BackupSession } from "../../api/backup-session.ts";
import { reportKey } from "../../api/session-report.ts";
import { type Key, type KubeObject, keyOf } from "../../kube/resource.ts";
import type { Watches } from "../controller.ts";
import type { SessionMemory } from "../session/memory.ts";
import { sessionsOf, sessionsOfPod } from "../session/owners.ts";
import { isFinal } from "./phase.ts";

/** Which sessions to look at when something else changed. */
export function backupSessionWatches(memory: SessionMemory<BackupSession>): Watches {
  return {
    backupSessions: ({ before, after }, caches) => {
      if (before !== undefined && after?.metadata.uid !== before.metadata.uid) memory.forget(before.metadata.uid ?? "");
      const isOver =
        before !== undefined && !isFinal(before.status?.phase) && (after === undefined || isFinal(after.status?.phase));
      return isOver ? waiting(caches.backupSessions.list(({ status }) => status?.phase === "Pending")) : [];
    },
    backupConfigurations: ({ before, after, key }, caches) => {
      if (after !== undefined && before?.status?.phase === after.status?.phase && !isGoing(before, after)) return [];
      return waiting(
        caches.backupSessions.list(
          ({ metadata, spec, status }) =>
            metadata.namespace === key.namespace && spec.invoker.name === key.name && !isFinal(status?.phase),
        ),
      );
    },
    jobs: ({ before, after }) => sessionsOf("BackupSession", after ?? before),
    pods: (change, caches) => sessionsOfPod("BackupSession", change, caches),
    // What we write into it ourselves is worth no look.
    configMaps: ({ before, after }) => {
      const isSame = before?.data?.[reportKey] === after?.data?.[reportKey];
      return isSame ? [] : sessionsOf("BackupSession", after);
    },
  };
}

function waiting(sessions: readonly BackupSession[]): readonly Key[] {
  return sessions.map(keyOf);
}

function isGoing(before: KubeObject | undefined, after: KubeObject): boolean {
  return before?.metadata.deletionTimestamp == null && after.metadata.deletionTimestamp != null;
}
