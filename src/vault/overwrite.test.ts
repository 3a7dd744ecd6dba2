import { describe, expect, test } from "vitest";
import type { StreamInfo } from "../nats/stream.ts";
import type { AccountInfo } from "../nats/streams.ts";
import { decideTemporary, lackOfRoom, type OverwriteDecision, temporaryMaxBytes } from "./overwrite.ts";
import { type Swap, withMark, withSwap } from "./swap-journal.ts";

const unlimited = { max_storage: -1n, max_streams: -1n, storage_max_stream_bytes: -1n, max_bytes_required: false };
const account: AccountInfo = { memory: 0n, storage: 1_000_000n, streams: 3n, consumers: 0n, limits: unlimited };
const needed = { replicas: 1n, bytes: 500_000n, oldBytes: 500_000n };
const withLimits = (limits: Partial<typeof unlimited>): AccountInfo => ({
  ...account,
  limits: { ...unlimited, ...limits },
});

describe("a second copy has no room", () => {
  test.each<[string, AccountInfo, typeof needed, RegExp | undefined]>([
    ["never, without limits", account, needed, undefined],
    ["never, where the server tells none", { ...account, limits: undefined }, needed, undefined],
    ["in an account that is full of streams", withLimits({ max_streams: 3n }), needed, /takes 3 streams and has 3/],
    ["not with one stream to spare", withLimits({ max_streams: 4n }), needed, undefined],
    ["where both do not fit", withLimits({ max_storage: 1_500_000n }), needed, /would need 1.556 MiB/],
    ["not where both fit", withLimits({ max_storage: 1_700_000n }), needed, undefined],
    [
      "where the new one is larger and its copy is still there",
      withLimits({ max_storage: 1_700_000n }),
      { ...needed, oldBytes: 100_000n },
      /would need/,
    ],
    ["for three replicas", withLimits({ max_storage: 1_700_000n }), { ...needed, replicas: 3n }, /would need/],
    [
      "by the limits of its tier, where there are tiers",
      {
        ...withLimits({ max_storage: 1n }),
        tiers: { R3: { storage: 0n, streams: 1n, limits: { ...unlimited, max_storage: 700_000n } } },
      },
      { ...needed, replicas: 3n },
      undefined,
    ],
  ])("%s", (_title, given, need, reason) => {
    const lack = lackOfRoom(given, need);
    if (reason === undefined) expect(lack).toBeUndefined();
    else expect(lack).toMatch(reason);
  });
});

test("where every stream must say how large it may grow, the copy does", () => {
  expect(temporaryMaxBytes(account, 1n, 800n)).toBeUndefined();
  expect(temporaryMaxBytes(withLimits({ max_bytes_required: true }), 1n, 800n)).toBe(900n + 128n * 1024n);
});

const swap: Swap = {
  ...{ format: 1n, stream: "S", snapshot: "a".repeat(64), source: "S", token: "t", last: 9n },
  ...{ step: "replacing", replaces: "2026-01-01T00:00:00Z" },
};
const state = { messages: 0n, bytes: 0n, first_seq: 0n, first_ts: "", last_seq: 0n, last_ts: "" };
const counts = { consumer_count: 0n, num_subjects: 0n, num_deleted: 0n };
const info = (config: StreamInfo["config"]): StreamInfo => ({ config, created: "", state: { ...state, ...counts } });
const copy = (step: Swap["step"]) => ({
  info: info(withSwap({ name: "T" }, { ...swap, step })),
  swap: { ...swap, step },
});
const theirs = info({ name: "S" });
const ours = info(withMark({ name: "S" }, "t"));
const older = info(withMark({ name: "S" }, "another"));

describe("what an interrupted overwrite left", () => {
  type Wish = Parameters<typeof decideTemporary>[2];
  test.each<[string, Swap["step"], StreamInfo | undefined, Wish, OverwriteDecision["action"] | undefined]>([
    ["does not count before it replaced anything", "copied", undefined, { isSame: true, policy: "fail" }, undefined],
    ["is finished where the stream is away", "replacing", undefined, { isSame: true, policy: "fail" }, "finish"],
    ["is finished where the new one is there", "replacing", ours, { isSame: true, policy: "skip" }, "finish"],
    [
      "is finished over the old one when told to overwrite",
      "replacing",
      theirs,
      { isSame: true, policy: "overwrite" },
      "finish",
    ],
    ["leaves a conflict a conflict", "replacing", theirs, { isSame: true, policy: "fail" }, undefined],
    ["leaves a skip a skip", "replacing", older, { isSame: true, policy: "skip" }, undefined],
    [
      "of other content is overwritten when told to",
      "replacing",
      undefined,
      { isSame: false, policy: "overwrite" },
      "overwrite",
    ],
    ["of other content stands in the way else", "replacing", undefined, { isSame: false, policy: "fail" }, "refuse"],
    ["of other content is passed over by skip", "replacing", ours, { isSame: false, policy: "skip" }, "skip"],
  ])("%s", (_title, step, current, wish, action) =>
    expect(decideTemporary(copy(step), current, wish)?.action).toBe(action),
  );
});
