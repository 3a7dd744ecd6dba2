import { describe, expect, test } from "vitest";
import { decode, reframe, type V2Entry, v2Archive, v2Entry } from "./archive-samples.ts";

describe("a V2 archive", () => {
  const state = (consumers: number, last = 9) =>
    `{"messages":2,"bytes":9,"first_seq":1,"first_ts":"x","last_seq":${last},"last_ts":"x","consumer_count":${consumers}}`;
  const stateEntry = (consumers = 0): V2Entry => ({ name: "state.json", timestamp: 5n, payload: state(consumers) });
  const pair = '{"consumer_seq":18446744073709551615,"stream_seq":9007199254740993}';
  const consumerEntry = (name: string, more = ""): V2Entry => ({
    name: `consumers/${name}`,
    payload: `{"config":{"name":"${name}"},"state":{"delivered":${pair},"ack_floor":${pair}${more}}}`,
  });
  const message = (sequence: bigint, more: V2Entry = {}): V2Entry => ({
    name: "ex.a",
    sequence,
    timestamp: -1n,
    payload: "hi",
    ...more,
  });
  const decodeEntries = (entries: readonly V2Entry[]) => decode(reframe(v2Archive(entries)));

  test("keeps 64-bit numbers exact", () => {
    const pending =
      ',"pending":{"9007199254740995":{"Sequence":7,"Timestamp":1763719200123456789}},"redelivered":{"3":2}';
    const entries = [stateEntry(1), consumerEntry("C1", pending), message(1n), message(9n), {}];
    const [, , first, second] = decodeEntries(entries);
    expect(first).toMatchObject({
      consumer: { state: { delivered: { consumer: 2n ** 64n - 1n, stream: 9007199254740993n } } },
    });
    expect(first?.kind === "consumer" && first.consumer.state.pending).toEqual(
      new Map([[9007199254740995n, { consumer: 7n, timestamp: 1763719200123456789n }]]),
    );
    expect(second).toMatchObject({ message: { sequence: 1n, timestamp: -1n } });
  });

  test.each<[string, V2Entry[], string, string]>([
    ["no end mark", [stateEntry(), message(1n)], "snapshot-incomplete", "its end is missing"],
    ["nothing in it", [], "snapshot-incomplete", "its end is missing"],
    ["nothing but the end mark", [{}], "snapshot-incomplete", "state.json is missing"],
    [
      "too few consumers",
      [stateEntry(2), consumerEntry("C1"), {}],
      "snapshot-incomplete",
      "1 consumers are in it, 2 were announced",
    ],
    [
      "too many consumers",
      [stateEntry(0), consumerEntry("C1"), {}],
      "snapshot-incomplete",
      "1 consumers are in it, 0 were announced",
    ],
    ["a consumer twice", [stateEntry(2), consumerEntry("C1"), consumerEntry("C1"), {}], "damaged", "comes twice"],
    [
      "a consumer before the state",
      [consumerEntry("C1"), stateEntry(1), {}],
      "damaged",
      "unexpected entry consumers/C1",
    ],
    ["a consumer after messages", [stateEntry(1), message(1n), consumerEntry("C1"), {}], "damaged", "unexpected entry"],
    ["messages before the state", [message(1n), stateEntry(), {}], "damaged", "before state.json"],
    ["the state twice", [stateEntry(), stateEntry(), {}], "damaged", "unexpected entry state.json"],
    ["a sequence twice", [stateEntry(), message(2n), message(2n), {}], "damaged", "message 2 follows message 2"],
    ["descending sequences", [stateEntry(), message(2n), message(1n), {}], "damaged", "message 1 follows message 2"],
    ["a message above the last sequence", [stateEntry(), message(10n), {}], "damaged", "above its last sequence"],
    ["a message without subject", [stateEntry(), message(1n, { name: "" }), {}], "damaged", "no subject"],
    ["something after the end", [stateEntry(), {}, message(1n)], "damaged", "follows its end"],
    ["a second end mark", [stateEntry(), {}, {}], "damaged", "follows its end"],
    ["an entry without name", [stateEntry(), { payload: "x" }, {}], "damaged", "without a name"],
    ["an unknown entry", [stateEntry(), { name: "new.json" }, {}], "damaged", "unexpected entry new.json"],
    ["a state that is no state", [{ name: "state.json", payload: "{}" }, {}], "damaged", "state.json"],
    [
      "a consumer that is no JSON",
      [stateEntry(1), { name: "consumers/C1", payload: "{" }, {}],
      "damaged",
      "consumer C1",
    ],
    [
      "a consumer without state",
      [stateEntry(1), { name: "consumers/C1", payload: '{"config":{}}' }, {}],
      "damaged",
      "consumer C1",
    ],
  ])("does not pass with %s", (_title, entries, code, text) => {
    expect(() => decodeEntries(entries)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(text) }),
    );
  });

  const magic = Buffer.from("NATSARC1");
  test.each([
    ["a name above 1 MiB", "8180400000" + "00"],
    ["a payload above 128 MiB", "01000000" + "8180808001"],
    ["header and payload above 128 MiB together", "010000" + "80808040" + "01"],
    ["a head of more than fifty bytes", "80".repeat(51)],
    ["a number of more than 64 bits", `${"ff".repeat(10)}0100000000`],
  ])("does not pass with %s", (_title, hex) => {
    const bytes = Buffer.concat([magic, v2Entry(stateEntry()), Buffer.from(hex, "hex"), Buffer.alloc(9)]);
    expect(() => decode(reframe(bytes))).toThrow(expect.objectContaining({ code: "damaged" }));
  });
});
