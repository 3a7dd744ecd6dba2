import { describe, expect, test } from "vitest";
import type { ConsumerInfo, ConsumerState, StoredConsumer } from "../nats/stream.ts";
import { clampState, decideConsumers, keepLasting } from "./consumers.ts";

const at = (consumer: bigint, stream: bigint) => ({ consumer, stream });

function state(delivered: bigint, floor: bigint, pending: readonly bigint[] = []): ConsumerState {
  return {
    delivered: at(delivered, delivered),
    ackFloor: at(floor, floor),
    pending: new Map(pending.map((sequence) => [sequence, { consumer: sequence, timestamp: 1n }])),
    redelivered: new Map(),
  };
}

function listed(name: string, more: Partial<ConsumerInfo> = {}): ConsumerInfo {
  return {
    stream_name: "S",
    name,
    created: "2026-01-01T00:00:00Z",
    config: { durable_name: name, ack_policy: "explicit" },
    delivered: { consumer_seq: 9n, stream_seq: 9n },
    ack_floor: { consumer_seq: 4n, stream_seq: 4n },
    num_ack_pending: 5n,
    num_redelivered: 0n,
    num_pending: 0n,
    ...more,
  };
}

describe("a consumer ahead of the stored messages is set back to them", () => {
  test.each([
    ["not ahead", state(10n, 5n, [6n, 7n]), 10n, { delivered: 10n, floor: 5n, pending: [6n, 7n] }],
    ["delivered ahead", state(12n, 5n, [6n, 12n]), 10n, { delivered: 10n, floor: 5n, pending: [6n] }],
    ["floor ahead", state(20n, 20n), 10n, { delivered: 10n, floor: 10n, pending: [] }],
    ["an empty stream", state(20n, 20n), 0n, { delivered: 0n, floor: 0n, pending: [] }],
  ])("%s", (_title, given, last, expected) => {
    const clamped = clampState(given, last);
    expect({
      delivered: clamped.delivered.stream,
      floor: clamped.ackFloor.stream,
      pending: [...clamped.pending.keys()],
    }).toEqual(expected);
  });
});

describe("which consumers are stored, and how exact", () => {
  const archived = (name: string, given: ConsumerState): [string, StoredConsumer] => [
    name,
    { name, config: { durable_name: name }, created: undefined, state: given },
  ];
  const standalone = { lastSequence: 100n, isClustered: false };

  test("the archive's state is exact; created comes from the list where the archive has none", () => {
    const [saved] = decideConsumers(new Map([archived("a", state(9n, 4n, [5n]))]), [listed("a")], standalone);
    expect(saved).toMatchObject({ name: "a", exact: "exact", notes: [], created: "2026-01-01T00:00:00Z" });
    expect(saved?.state.pending).toEqual([[5n, 5n, 1n]]);
  });

  test("one that the archive lacks is rolled back to its acknowledgement floor, and the note says what follows", () => {
    const [saved] = decideConsumers(new Map(), [listed("memory")], standalone);
    expect(saved).toMatchObject({ exact: "rolled-back", state: { delivered: at(4n, 4n), ackFloor: at(4n, 4n) } });
    expect(saved?.notes).toEqual([expect.stringContaining("5 messages in flight may be delivered again")]);
  });

  test("one that never acknowledges stays where it was delivered", () => {
    const none = listed("none", { config: { ack_policy: "none" }, num_ack_pending: 0n });
    expect(decideConsumers(new Map(), [none], standalone)[0]?.state.delivered).toEqual(at(9n, 9n));
  });

  test("one that was deleted meanwhile is left out", () => {
    expect(decideConsumers(new Map([archived("gone", state(1n, 1n))]), [], standalone)).toEqual([]);
  });

  test("a cluster's archive that gives the floor for a consumer with messages in flight is no exact one", () => {
    const given = new Map([archived("a", state(4n, 4n))]);
    expect(decideConsumers(given, [listed("a")], { lastSequence: 100n, isClustered: true })[0]?.exact).toBe(
      "rolled-back",
    );
    expect(decideConsumers(given, [listed("a")], standalone)[0]?.exact).toBe("exact");
  });
});

describe("what an archive says of a consumer is used only when it was the same one before and after", () => {
  const archive = new Map([["c", { name: "c", config: {}, created: undefined, state: state(9n, 4n) }]]);
  const later = "2026-01-01T00:00:01Z";
  const reset = { consumer_seq: 3n, stream_seq: 3n };
  test.each([
    ["the same", [listed("c")], [listed("c")], ["c"]],
    ["it went on", [listed("c")], [listed("c", { delivered: { consumer_seq: 12n, stream_seq: 20n } })], ["c"]],
    ["made again", [listed("c")], [listed("c", { created: later })], []],
    ["made meanwhile", [], [listed("c")], []],
    ["deleted meanwhile", [listed("c")], [], []],
    ["set back", [listed("c")], [listed("c", { delivered: reset })], []],
  ])("%s", (_title, before, after, expected) => {
    expect([...keepLasting(archive, before, after).keys()]).toEqual(expected);
  });
});
