import { describe, expect, test } from "vitest";
import { openPaths } from "./paths.ts";

const paths = openPaths({
  "/stash-tmp": "/data/pod/tmp",
  "/stash-tmp/cache": "/data/pod/cache/",
  "/safe/data/": "/mnt/safe",
  "/dev/termination-log": "/data/pod/message",
  "/tmp": "/tmp/machine/pod/tmp",
});

describe("openPaths", () => {
  test.each([
    ["a mount itself", "/stash-tmp", "/data/pod/tmp"],
    ["what lies in it", "/stash-tmp/output/output.json", "/data/pod/tmp/output/output.json"],
    ["the longest mount first", "/stash-tmp/cache/x", "/data/pod/cache/x"],
    ["whole names only", "/stash-tmp2/x", "/stash-tmp2/x"],
    ["a mount with a slash at its end", "/safe/data/repo", "/mnt/safe/repo"],
    ["a path with doubled slashes and dots", "//stash-tmp/./output//x", "/data/pod/tmp/output/x"],
    ["a path that leaves its mount", "/stash-tmp/../safe/data/x", "/mnt/safe/x"],
    ["a file that is mounted", "/dev/termination-log", "/data/pod/message"],
    ["what nobody mounted", "/usr/bin/restic", "/usr/bin/restic"],
    ["a path that was resolved before", "/tmp/machine/pod/tmp/x", "/tmp/machine/pod/tmp/x"],
    ["a relative path", "stash-tmp/x", "stash-tmp/x"],
  ])("finds %s", (_title, path, expected) => expect(paths.resolve(path)).toBe(expected));

  test("leaves every path alone where there are no mounts", () => {
    expect(openPaths({}).resolve("/stash-tmp//x")).toBe("/stash-tmp//x");
  });
});
