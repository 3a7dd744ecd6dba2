import { expect, test } from "vitest";
import { BackupSession, type BackupSessionPhase } from "../../api/backup-session.ts";
import { surplus } from "./history.ts";

function session(second: number, phase?: BackupSessionPhase): BackupSession {
  const creationTimestamp = `2026-11-21T03:00:0${second}Z`;
  return BackupSession.parse({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: `s${second}`, namespace: "demo", uid: `u${second}`, creationTimestamp },
    spec: { invoker: { kind: "BackupConfiguration", name: "daily" } },
    status: { phase },
  });
}

const [old, older, oldest] = [session(3, "Succeeded"), session(2, "Failed"), session(1, "Succeeded")];

test.each([
  ["leaves only the one that ends now by default", "Succeeded", [old, older, oldest], undefined, ["s3", "s2", "s1"]],
  ["leaves as many as were asked for", "Succeeded", [oldest, old, older], 2, ["s2", "s1"]],
  ["leaves all when there are few", "Failed", [old], 5, []],
  ["keeps the last result while others are skipped", "Skipped", [old, older], 1, ["s2"]],
  [
    "keeps the last result beyond many that were skipped",
    "Skipped",
    [session(3, "Skipped"), session(2, "Skipped"), oldest],
    1,
    ["s3", "s2"],
  ],
  ["leaves what is not finished", "Succeeded", [session(3, "Running"), session(2), oldest], 1, ["s1"]],
  ["leaves what came later", "Succeeded", [session(5, "Running"), old], 1, ["s3"]],
  ["keeps nothing else with a limit of 0", "Skipped", [old, older], 0, ["s3", "s2"]],
] as const)("a history %s", (_title, phase, others, limit, names) => {
  const current = session(4, "Running");
  const gone = surplus({ session: current, phase }, [...others, session(4, "Running")], limit);
  expect(gone.map(({ metadata }) => metadata.name)).toEqual(names);
});
