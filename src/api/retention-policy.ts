import { z } from "zod";

const keep = z.int().optional();

export const RetentionPolicy = z
  .object({
    name: z.string(),
    keepLast: keep.describe("Keep the newest so many snapshots."),
    keepHourly: keep.describe("Keep the newest of each of the last so many hours that have one."),
    keepDaily: keep.describe("Likewise by days."),
    keepWeekly: keep.describe("Likewise by weeks."),
    keepMonthly: keep.describe("Likewise by months."),
    keepYearly: keep.describe("Likewise by years."),
    keepTags: z.array(z.string()).optional().describe("Keep all snapshots with one of these tags."),
    prune: z.boolean().describe("Remove the data that no kept snapshot needs."),
    dryRun: z.boolean().optional().describe("Remove nothing."),
  })
  .describe("Which snapshots of this invoker are kept.");
export type RetentionPolicy = z.infer<typeof RetentionPolicy>;
