import { describe, expect, test } from "vitest";
import { Failure } from "../../kit/failures.ts";
import { decode, decompress, fingerprint, fixture, readable, reframe } from "./archive-samples.ts";
import { V2Archive } from "./archive-v2.ts";

/** Where the entries of a tar without long names begin, and where it ends. */
function tarBoundaries(tar: Uint8Array): { readonly name: string; readonly at: number }[] {
  const found: { name: string; at: number }[] = [];
  for (let at = 0; tar[at] !== 0; ) {
    const header = Buffer.from(tar.subarray(at, at + 512));
    const [name = ""] = header.toString("latin1", 0, 100).split("\0");
    found.push({ name, at });
    at += 512 + 512 * Math.ceil(Number.parseInt(header.toString("latin1", 124, 135), 8) / 512);
  }
  return found;
}

function refuses(pieces: readonly Uint8Array[], code?: string): void {
  try {
    decode(pieces);
  } catch (error) {
    expect(Failure.is(error, "damaged", "snapshot-incomplete", "snapshot-aborted")).toBe(true);
    if (code !== undefined) expect(error).toMatchObject({ code });
    return;
  }
  expect.fail("a damaged snapshot passed");
}

describe.each(readable)("a snapshot of nats-server %s", (version) => {
  const bytes = fixture(version);

  test("does not pass when it is cut at any byte", () => {
    for (let step = 0; step < 100; step++) refuses([bytes.subarray(0, Math.floor((bytes.length * step) / 100))]);
    for (let left = 1; left < 40; left++) refuses([bytes.subarray(0, -left)], "snapshot-incomplete");
  });

  test("does not pass, or means the same, with any byte flipped", () => {
    const whole = fingerprint(decode([bytes]));
    const positions = [
      ...Array(40).keys(),
      ...Array.from({ length: 60 }, (_, step) => Math.floor((bytes.length * step) / 60)),
    ];
    const isSame = (at: number, mask: number) => {
      const bad = bytes.slice();
      bad[at] = (bad[at] ?? 0) ^ mask;
      try {
        return fingerprint(decode([bad])) === whole;
      } catch (error) {
        return Failure.is(error, "damaged", "snapshot-incomplete");
      }
    };
    for (const at of positions)
      for (const mask of [0x01, 0x80, 0xff]) expect([at, mask, isSame(at, mask)]).toEqual([at, mask, true]);
  });
});

describe.each(readable.filter(([, format]) => format === "V1"))("a V1 snapshot of nats-server %s", (version) => {
  const bytes = fixture(version);

  test("does not pass when it is cut at any entry of its tar", () => {
    const tar = decompress(bytes);
    const boundaries = tarBoundaries(tar);
    // meta.inf, meta.sum, one block, index.db and five consumers' files, each after its PAX records
    expect(boundaries.length).toBe(2 * (4 + 5 * 3));
    for (const { at } of boundaries) refuses(reframe(tar.subarray(0, at)), "snapshot-incomplete");
    const end = tar.length - 1024;
    for (const at of [end, end + 512, end + 1023]) refuses(reframe(tar.subarray(0, at)), "snapshot-incomplete");
    expect(fingerprint(decode(reframe(tar)))).toBe(fingerprint(decode([bytes])));
  });

  test("does not pass with a flipped byte in a block, though the frames be right", () => {
    const tar = decompress(bytes);
    const { at = 0 } = tarBoundaries(tar).find(({ name }) => name === "msgs/1.blk") ?? {};
    for (let step = 0; step < 60; step++) {
      const bad = tar.slice();
      // the second to tenth byte of a record's sequence and time, or a byte of a payload: whatever lies there
      const position = at + 512 + 5 + step * 29_000;
      bad[position] = (bad[position] ?? 0) ^ 0x10;
      refuses(reframe(bad), "damaged");
    }
  });
});

describe.each(readable.filter(([, format]) => format === "V2"))("a V2 snapshot of nats-server %s", (version) => {
  const bytes = fixture(version);

  test("does not pass when it is cut at any entry", () => {
    const whole = decompress(bytes);
    const archive = new V2Archive();
    let events = 0;
    for (let at = 8; at < whole.length; at++) {
      const found = [...archive.push(whole.subarray(at, at + 1))].length;
      if (found > 0) expect(() => archive.end()).toThrow(Failure);
      events += found;
    }
    archive.end();
    expect(events).toBe(1 + 5 + 4682);
  });
});
