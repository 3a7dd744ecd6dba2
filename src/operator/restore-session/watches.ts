import type { RestoreSession } from "../../api/restore-session.ts";
import { reportKey } from "../../api/session-report.ts";
import { type Key, keyOf } from "../../kube/resource.ts";
import type { Caches, Watches } from "../controller.ts";
import { repositoryOf } from "../repository/references.ts";
import type { SessionMemory } from "../session/memory.ts";
import { sessionsOf, sessionsOfPod } from "../session/owners.ts";
import { isAskedAnew } from "../view/news.ts";
import { hasBegun } from "./decide.ts";
import { isFinal } from "./phase.ts";
import { targetKeyOf } from "./view.ts";

/** Which restores to look at when something else changed: those that wait for it, and those whose Job it is of. */
export function restoreSessionWatches(memory: SessionMemory<RestoreSession>): Watches {
  return {
    restoreSessions: ({ before, after }, caches) => {
      if (before !== undefined && after?.metadata.uid !== before.metadata.uid) memory.forget(before.metadata.uid ?? "");
      const isOver = hasBegun(before?.status ?? {}) && (after === undefined || isFinal(after.status?.phase));
      return isOver ? waiting(caches, () => true) : [];
    },
    repositories: (change, caches) =>
      isAskedAnew(change) ? waiting(caches, (one) => isSame(repositoryOf(one), change.key)) : [],
    appBindings: (change, caches) =>
      isAskedAnew(change) ? waiting(caches, (one) => isSame(targetKeyOf(one), change.key)) : [],
    tasks: (change, caches) => (isAskedAnew(change) ? waiting(caches, () => true) : []),
    functions: (change, caches) => (isAskedAnew(change) ? waiting(caches, () => true) : []),
    namespaces: (change, caches) =>
      isAskedAnew(change) ? waiting(caches, ({ metadata }) => metadata.namespace === change.key.name) : [],
    jobs: ({ before, after }) => sessionsOf("RestoreSession", after ?? before),
    pods: (change, caches) => sessionsOfPod("RestoreSession", change, caches),
    // What we write into it ourselves is worth no look.
    configMaps: ({ before, after }) =>
      before?.data?.[reportKey] === after?.data?.[reportKey] ? [] : sessionsOf("RestoreSession", after),
  };
}

function waiting({ restoreSessions }: Caches, filter: (one: RestoreSession) => boolean): readonly Key[] {
  return restoreSessions
    .list((one) => !isFinal(one.status?.phase) && !hasBegun(one.status ?? {}) && filter(one))
    .map(keyOf);
}

function isSame(one: Key | undefined, other: Key): boolean {
  return one?.name === other.name && one.namespace === other.namespace;
}
