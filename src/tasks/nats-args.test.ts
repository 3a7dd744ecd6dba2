import { describe, expect, test } from "vitest";
import type { Failure } from "../kit/failures.ts";
import { readNatsArgs } from "./nats-args.ts";

const words = (text: string) => text.split(" ").filter(Boolean);
const nothing = { notes: [], placementTags: [] };

test.each([
  ["nothing", "", {}],
  ["what is done anyway", "--check --consumers --no-progress --progress -f", {}],
  ["a domain", "--js-domain=hub", { jsDomain: "hub" }],
  [
    "a value behind a blank",
    "--js-api-prefix imported.api --timeout 1m30s",
    { jsApiPrefix: "imported.api", timeoutMs: 90_000 },
  ],
  ["an inbox prefix", "--inbox-prefix=_MY", { inboxPrefix: "_MY" }],
])("a backup understands %s", (_title, text, expected) => {
  expect(readNatsArgs(words(text), "backup")).toEqual({ ...nothing, ...expected });
});

test("a backup saves consumers in any case, and says so", () => {
  expect(readNatsArgs(["--no-consumers"], "backup").notes).toEqual([expect.stringContaining("always saved")]);
});

test("a restore understands where to place streams", () => {
  expect(readNatsArgs(words("--no-progress --cluster east --tag ssd --tag=eu"), "restore")).toEqual({
    ...nothing,
    placementCluster: "east",
    placementTags: ["ssd", "eu"],
  });
});

describe("refuses", () => {
  test.each([
    ["backup", "--context prod", "--context names a file"],
    ["restore", "--config /x.json", "--config names a file"],
    ["backup", "--what --check --where=3", "--what, --where cannot be given to a backup"],
    ["backup", "--cluster east", "--cluster cannot be given to a backup"],
    ["restore", "--check", "--check cannot be given to a restore"],
    ["backup", "--password hunter2", "--password cannot be given to a backup"],
    ["backup", "ORDERS", "ORDERS cannot be given to a backup"],
    ["backup", "--js-domain", "--js-domain lacks its value"],
    ["backup", "--timeout 5", "--timeout 5 is not a duration"],
  ] as const)("to a %s: %s", (direction, text, message) => {
    const read = () => readNatsArgs(words(text), direction);
    expect(read).toThrow(message);
    expect(read).toThrow(expect.objectContaining({ code: "configuration-invalid" }) as Failure);
    expect(read).not.toThrow("hunter2");
  });
});
