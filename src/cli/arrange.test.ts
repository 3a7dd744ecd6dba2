import { expect, test } from "vitest";
import { arrange, exitHelp } from "./arrange.ts";

const names = ["backup", "snapshots"];

test.each([
  ["", ""],
  ["backup A B", "backup A B"],
  ["-r REPO snapshots --json", "snapshots -r REPO --json"],
  ["--repo=REPO -q snapshots", "snapshots --repo=REPO -q"],
  ["--repo backup snapshots", "snapshots --repo backup"],
  ["-s nats://x --tlsfirst backup", "backup -s nats://x --tlsfirst"],
  ["--unknown backup", "backup --unknown"],
  ["--help", "--help"],
  ["--version", "--version"],
  ["nosuch --help", "nosuch"],
  ["help", "--help"],
  ["help backup", "backup --help"],
  ["help nosuch", "nosuch"],
  ["help --json", "--help"],
  ["task nats-backup --streams= --json=x", "task nats-backup -- --streams= --json=x"],
  ["--json task nats-backup", "task --json nats-backup --"],
  ["task", "task"],
  ["task nats-backup --help", "task nats-backup --help"],
])("coldstream %s", (line, arranged) =>
  expect(arrange(line.split(" ").filter(Boolean), names)).toEqual(arranged.split(" ").filter(Boolean)),
);

test("help exit is a word of its own", () => expect(arrange(["help", "exit"], names)).toEqual([exitHelp]));
