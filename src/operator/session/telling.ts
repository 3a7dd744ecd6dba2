import type { ReportedStream } from "../../api/session-report.ts";
import type { News } from "../../kube/recorder.ts";

/** The events of a session that has ended. Reasons with blanks are Stash's way: people filter by them. Pure. */

export type Direction = "Backup" | "Restore";

/** Source of the events that Stash's Jobs write. */
export const statusUpdater = "Status Updater";

interface HostResult {
  readonly hostname?: string | undefined;
  readonly phase?: string | undefined;
  readonly error?: string | undefined;
}

export function hostNews(direction: Direction, stats: readonly HostResult[]): readonly News[] {
  const done = direction === "Backup" ? "backed up" : "restored";
  return stats.flatMap(({ hostname = "", phase, error }): readonly News[] => {
    switch (phase) {
      case "Succeeded":
        return [{ type: "Normal", reason: `Host ${direction} Succeeded`, message: `Host ${hostname} was ${done}.` }];
      case undefined:
      case "Running":
        return [];
      default: {
        const message = `Host ${hostname} could not be ${done}: ${error ?? "it was not said why"}`;
        return [{ type: "Warning", reason: `Host ${direction} Failed`, message }];
      }
    }
  });
}

export function streamNews(direction: Direction, streams: readonly ReportedStream[]): readonly News[] {
  const done = direction === "Backup" ? "saved" : "restored";
  return streams
    .filter(({ outcome }) => outcome === "failed")
    .map(({ stream, reason }) => ({
      type: "Warning",
      reason: `Stream ${direction} Failed`,
      message: `Stream ${stream} could not be ${done}: ${reason ?? "it was not said why"}`,
    }));
}
