import { metricsPage } from "./metrics.ts";

/** Every page that is made from the source, by its path. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([["docs/reference/metrics.md", metricsPage()]]);
}
