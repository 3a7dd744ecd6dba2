import type { Failure } from "../kit/failures.ts";

/** What long work tells while it runs. Byte totals are estimates (the server's `state.bytes`). */
export type Progress =
  | { readonly step: "capturing"; readonly stream: string; readonly bytesDone: number; readonly bytesTotal: number }
  | { readonly step: "captured"; readonly stream: string; readonly messages: bigint; readonly bytes: number }
  | { readonly step: "stream-failed"; readonly stream: string; readonly failure: Failure }
  | { readonly step: "uploading"; readonly bytesDone: number; readonly bytesTotal: number }
  | { readonly step: "publishing" }
  | { readonly step: "restoring"; readonly stream: string; readonly bytesDone: number; readonly bytesTotal: number }
  | { readonly step: "restored"; readonly stream: string; readonly messages: bigint; readonly bytes: number }
  | { readonly step: "proving"; readonly stream: string }
  | { readonly step: "proven"; readonly stream: string; readonly messages: bigint };

/** What everything that takes long is given besides its request. */
export interface Running {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** The clock; the real one unless a test brings its own. */
  readonly now?: () => Date;
}

export function timeOf(running: Running): Date {
  return running.now === undefined ? new Date() : running.now();
}
