import { describe, expect, test } from "vitest";
import {
  decodeTagValue,
  draftHost,
  encodeTagValue,
  isCheckpoint,
  isPublished,
  makeTag,
  proofHost,
  readTags,
  scopeOf,
  snapshotTags,
} from "./published.ts";

test.each([
  ["plain names", "nats/sample-nats_1.x", "nats/sample-nats_1.x"],
  ["readable signs", "BackupConfiguration/ns:name@c=1+2", "BackupConfiguration/ns:name@c=1+2"],
  ["commas and spaces", " a, b ", "%20a%2C%20b%20"],
  ["per cent signs", "100%2C", "100%252C"],
  ["patterns and quotes", "[a]?*'\"()", "%5Ba%5D%3F%2A%27%22%28%29"],
  ["control characters", "a\n\u0000\u007f", "a%0A%00%7F"],
  ["other scripts", "жук\u{1f41e}", "%D0%B6%D1%83%D0%BA%F0%9F%90%9E"],
  ["nothing", "", ""],
])("tag values: %s", (_title, value, encoded) => {
  expect(encodeTagValue(value)).toBe(encoded);
  expect(decodeTagValue(encoded)).toBe(value);
});

test("a tag of another program stands for itself", () => {
  expect(decodeTagValue("50%")).toBe("50%");
  expect(() => makeTag("stream", "\ud800")).toThrow(expect.objectContaining({ code: "usage" }));
});

test("tags tell target, invoker, streams and completeness", () => {
  const of = { target: "ns/a,b", invoker: "cli", complete: true, streams: ["x,y", "z"] };
  const tags = snapshotTags(of);
  expect(tags).toEqual(["target=ns/a%2Cb", "invoker=cli", "stream=x%2Cy", "stream=z", "complete"]);
  expect(readTags([...tags, "rewrite", "mine"])).toEqual({ ...of, isCheckpoint: false });
  expect(readTags(snapshotTags({ ...of, complete: false, streams: [] }))).toEqual({
    target: "ns/a,b",
    invoker: "cli",
    complete: false,
    isCheckpoint: false,
  });
  expect(readTags(["complete", "incomplete", "checkpoint"])).toEqual({ complete: false, isCheckpoint: true });
});

describe("scope", () => {
  const complete = ["target=t", "invoker=i", "complete", "rewrite"];
  const paths = ["/stash-tmp/interim-volume"];
  const ours = { host: "host-0", tags: complete, paths };
  const incomplete = { ...ours, tags: ["target=t", "invoker=i", "incomplete"] };
  const untagged = { ...ours, tags: [] };
  const scope = { host: "host-0", target: "t", invoker: "i" };
  const others = [
    { ...ours, host: draftHost },
    { ...ours, host: proofHost },
    { ...ours, host: "host-1" },
    { ...ours, tags: ["target=t", "invoker=other", "complete"] },
    { ...ours, tags: ["target=other", "invoker=i", "complete"] },
    { ...ours, tags: ["target=t", "invoker=i"] },
    { ...ours, tags: ["somebody's"] },
    { ...untagged, paths: ["/elsewhere"] },
    { ...untagged, host: draftHost },
  ];
  const all = [ours, incomplete, untagged, ...others];

  test.each([
    ["complete ones", scope, "complete", [ours]],
    ["incomplete ones", scope, "incomplete", [incomplete]],
    ["Stash's, by their path", { ...scope, stashPath: "/stash-tmp/interim-volume" }, "complete", [ours, untagged]],
    ["nothing on a host of drafts", { ...scope, host: draftHost }, "complete", []],
  ] as const)("%s", (_title, within, standing, expected) => {
    expect(scopeOf(all, within, standing)).toEqual(expected);
  });

  test("drafts and proofs are not published, checkpoints are drafts", () => {
    expect(all.filter((snapshot) => !isPublished(snapshot)).map(({ host }) => host)).toEqual([
      draftHost,
      proofHost,
      draftHost,
    ]);
    expect(isCheckpoint({ host: draftHost, tags: ["checkpoint"] })).toBe(true);
    expect(isCheckpoint({ host: "host-0", tags: ["checkpoint"] })).toBe(false);
  });
});
