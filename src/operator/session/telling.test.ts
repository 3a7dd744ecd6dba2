import { expect, test } from "vitest";
import { hostNews, streamNews } from "./telling.ts";

test.each([
  [
    "of a host that was backed up",
    hostNews("Backup", [{ hostname: "host-0", phase: "Succeeded" }]),
    ["Normal", "Host Backup Succeeded", "Host host-0 was backed up."],
  ],
  [
    "of one that was not",
    hostNews("Backup", [{ hostname: "host-0", phase: "Failed", error: "no NATS" }]),
    ["Warning", "Host Backup Failed", "Host host-0 could not be backed up: no NATS"],
  ],
  [
    "of one of which nothing is known",
    hostNews("Restore", [{ hostname: "host-0", phase: "Unknown" }]),
    ["Warning", "Host Restore Failed", "Host host-0 could not be restored: it was not said why"],
  ],
  [
    "of a stream that failed",
    streamNews("Restore", [
      { stream: "A", outcome: "restored" },
      { stream: "B", outcome: "failed", reason: "it exists" },
    ]),
    ["Warning", "Stream Restore Failed", "Stream B could not be restored: it exists"],
  ],
])("an event tells %s", (_title, news, [type, reason, message]) => {
  expect(news).toEqual([{ type, reason, message }]);
});

test("a host that still runs is no event", () => {
  expect(hostNews("Restore", [{ hostname: "host-0", phase: "Running" }, { hostname: "host-1" }])).toEqual([]);
});
