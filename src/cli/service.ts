import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../kit/failures.ts";
import type { Outcome } from "./command.ts";

/** What commands that run until they are told to end have in common. */

/** Whoever runs it as a service ends it by SIGTERM, and then all is well. */
export function whyEnded({ reason }: AbortSignal): Outcome {
  return Failure.is(reason, "interrupted") && reason.details["signal"] === "SIGINT" ? reason : undefined;
}

export function programVersion(): string {
  const text = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
  return /"version":\s*"([^"]+)"/.exec(text)?.[1] ?? "unknown";
}
