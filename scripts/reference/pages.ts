import { commandsPage } from "./commands.ts";
import { conditionsPage } from "./conditions.ts";
import { kindPages } from "./kinds.ts";
import { metricsPage } from "./metrics.ts";
import { taskParamsPage } from "./task-params.ts";

/** Every page that is made from the source, by its path. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ...kindPages(),
    ["docs/reference/cli.md", await commandsPage()],
    ["docs/reference/conditions.md", conditionsPage()],
    ["docs/reference/metrics.md", metricsPage()],
    ["docs/reference/task-params.md", taskParamsPage()],
  ]);
}
