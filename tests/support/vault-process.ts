/**
 * Runs as a process of its own, to be killed: one backup or one restore of everything.
 * Arguments: "backup", "restore" or "overwrite", server URL, folder of a place (see place.ts).
 */

import { openPlace } from "./place.ts";
import { openServer } from "./streams.ts";

const [what, url = "", directory = ""] = process.argv.slice(2);
const place = openPlace(directory);
if (what === "backup") {
  await using opened = await openServer(url);
  await place.backUp(opened.jetstream, { streams: [] });
} else {
  const report = await place.bringBack(url, what === "overwrite" ? { onConflict: "overwrite" } : {});
  if (report.streams.some(({ outcome }) => outcome !== "restored")) process.exitCode = 1;
}
