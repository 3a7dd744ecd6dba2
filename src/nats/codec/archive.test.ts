import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson } from "../../kit/json.ts";
import { ArchiveDecoder, type ArchiveEvent } from "./archive.ts";
import { announcedState, chunks, decode, fingerprint, fixture, liveSequences, readable } from "./archive-samples.ts";
import { readRecords } from "./record.ts";

function consumersOf(events: readonly ArchiveEvent[]) {
  return events.flatMap((event) => (event.kind === "consumer" ? [event.consumer] : []));
}

describe.each(readable)("a snapshot of nats-server %s", (version, format) => {
  const events = decode([fixture(version)]);
  const state = announcedState(version);

  test(`is ${format}, and begins with its format and its ${format === "V1" ? "configuration" : "state"}`, () => {
    expect(events.slice(0, 2)).toMatchObject([
      { kind: "format", format },
      { kind: format === "V1" ? "meta" : "state" },
    ]);
  });

  test("holds the messages that the server announced, once tombstones are applied", () => {
    const live = liveSequences(events);
    expect(BigInt(live.size)).toBe(state.messages);
    const [first] = [...live].sort((a, b) => (a < b ? -1 : 1));
    expect(first).toBe(state.first_seq);
    expect(state.last_seq - state.first_seq + 1n - BigInt(live.size)).toBe(state.num_deleted);
  });

  test("holds five consumers with their configurations and states", () => {
    const consumers = consumersOf(events);
    expect(consumers.map(({ name }) => name).sort()).toEqual(["C1", "C2", "C3", "E1", "P1"]);
    expect(BigInt(consumers.length)).toBe(state.consumer_count);
    const first = consumers.find(({ name }) => name === "C1");
    expect(first?.config).toMatchObject({ name: "C1", ack_wait: 3_600_000_000_000n, metadata: { a: "b" } });
    expect(first?.config).not.toHaveProperty("Created");
    expect(first?.created).toEqual(
      format === "V1" ? expect.stringMatching(/^2026-11-21T08:05:\d\d\.\d+Z$/) : undefined,
    );
    expect(first?.state.ackFloor).toEqual({ consumer: 100n, stream: 100n });
    expect(first?.state.delivered).toEqual({ consumer: 310n, stream: 300n });
    expect(first?.state.pending.size).toBe(160);
    expect(first?.state.redelivered.size).toBe(10);
    const { consumer, timestamp } = first?.state.pending.get(101n) ?? {};
    expect(consumer).toBe(101n);
    expect(String(timestamp)).toMatch(/^1795248[23]\d{11}$/);
  });

  test("gives the same whatever the chunks are", () => {
    const bytes = fixture(version);
    const expected = fingerprint(events);
    expect(fingerprint(decode(chunks(bytes, () => 1)))).toBe(expected);
    const sizes = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 20 });
    const property = fc.property(sizes, (given) => {
      let turn = 0;
      expect(fingerprint(decode(chunks(bytes, () => given[turn++ % given.length] ?? 1)))).toBe(expected);
    });
    fc.assert(property, { numRuns: 8 });
  });

  test("gives events in memory of their own", () => {
    const bytes = fixture(version);
    const decoder = new ArchiveDecoder("EX");
    const own: ArchiveEvent[] = [];
    for (const chunk of chunks(bytes, () => 100_000)) {
      own.push(...decoder.push(chunk));
      chunk.fill(0);
    }
    expect(fingerprint(own)).toBe(fingerprint(events));
  });

  test("is refused as another stream's, when it says whose it is", () => {
    if (format === "V1") expect(() => decode([fixture(version)], "EY")).toThrow("it is of stream EX");
  });
});

test("reads the same messages from both formats of one publisher, headers byte for byte", () => {
  const headers = (version: string) => {
    const found: string[] = [];
    const live = liveSequences(decode([fixture(version)]));
    const note = (sequence: bigint, header: Uint8Array, subject: Uint8Array) => {
      if (live.has(sequence)) found.push(`${sequence} ${Buffer.from(subject)} ${Buffer.from(header)}`);
    };
    for (const event of decode([fixture(version)])) {
      if (event.kind === "message") note(event.message.sequence, event.message.header, event.message.subject);
      if (event.kind !== "block") continue;
      for (const { kind, sequence, header, subject } of readRecords(event.bytes)) {
        if (kind === "message") note(sequence, header, subject);
      }
    }
    return found;
  };
  const [old, current] = [headers("2.14.5"), headers("2.15")];
  expect(current).toHaveLength(4682);
  expect(old).toEqual(current);
});

test("keeps meta.inf as the server wrote it", () => {
  const meta = decode([fixture("2.14.5")]).find((event) => event.kind === "meta");
  const text = meta?.kind === "meta" ? meta.text : "";
  expect(text).toMatch(/^\{"Created":"2026-11-21T08:05:07\.569944775Z","name":"EX","subjects":\["ex\.\\u003e"\]/);
  expect(parseJson(text)).toMatchObject({ duplicate_window: 120_000_000_000n });
});

test("refuses snapshots of servers before 2.10 in one sentence", () => {
  expect(() => decode([fixture("2.9.10")])).toThrow(
    expect.objectContaining({
      code: "server-too-old",
      message: "reading the snapshot of stream EX: it is in the format of servers before 2.10",
    }),
  );
});

describe("the decoder", () => {
  const bytes = fixture("2.15");

  test("does not pass after a failure", () => {
    const decoder = new ArchiveDecoder("EX");
    const bad = bytes.slice();
    bad[5000] = (bad[5000] ?? 0) ^ 1;
    expect(() => [...decoder.push(bad)]).toThrow();
    expect(() => [...decoder.push(bytes)]).toThrow("not read to its end");
    expect(() => decoder.end()).toThrow("not read to its end");
  });

  test("does not pass when a push was left early", () => {
    const decoder = new ArchiveDecoder("EX");
    for (const _event of decoder.push(bytes)) break;
    expect(() => decoder.end()).toThrow("not read to its end");
  });

  test("does not pass with nothing, or nothing but an identifier", () => {
    expect(() => decode([])).toThrow(expect.objectContaining({ code: "snapshot-incomplete" }));
    expect(() => decode([bytes.subarray(0, 10)])).toThrow("it is empty");
  });

  test("checks at end() itself, not when its events are read", () => {
    expect(() => void new ArchiveDecoder("EX").end()).toThrow();
  });
});
