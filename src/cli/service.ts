import { Failure } from "../kit/failures.ts";
import type { Outcome } from "./command.ts";

/** What commands that run until they are told to end have in common. */

/** Whoever runs it as a service ends it by SIGTERM, and then all is well. */
export function whyEnded({ reason }: AbortSignal): Outcome {
  return Failure.is(reason, "interrupted") && reason.details["signal"] === "SIGINT" ? reason : undefined;
}
