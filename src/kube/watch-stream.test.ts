import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { configMaps } from "./core.ts";
import { KubeFailure } from "./failure.ts";
import { linesOf, readEvent } from "./watch-stream.ts";

async function collect(chunks: readonly Uint8Array[]): Promise<string[]> {
  async function* stream() {
    yield* chunks;
  }
  return await Array.fromAsync(linesOf(stream()));
}

describe("the lines of a watch", () => {
  test("are the same however the stream is cut", async () => {
    const line = fc.string({ unit: "binary", minLength: 1 }).map((text) => JSON.stringify(text));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(40)), async (texts, sizes) => {
        const bytes = new TextEncoder().encode(texts.map((text) => `${text}\n`).join(""));
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        chunks.push(bytes.subarray(at));
        expect(await collect(chunks)).toEqual(texts);
      }),
    );
  });
  test("do not count when their end is missing", async () => {
    expect(await collect([Buffer.from('{"a":1}\n{"b":')])).toEqual(['{"a":1}']);
  });
  test("cannot be endless", async () => {
    const megabytes = Array.from({ length: 17 }, () => new Uint8Array(1024 * 1024).fill(65));
    await expect(collect(megabytes)).rejects.toThrow("longer than");
  });
});

describe("an event", () => {
  const object = { metadata: { name: "a", resourceVersion: "3" } };
  test.each([
    ["added", { type: "ADDED", object }, { type: "added" }],
    ["modified", { type: "MODIFIED", object }, { type: "modified" }],
    ["deleted", { type: "DELETED", object }, { type: "deleted" }],
    ["a bookmark", { type: "BOOKMARK", object }, { type: "bookmark", resourceVersion: "3" }],
    [
      "an object that is refused",
      { type: "ADDED", object: { ...object, data: 1 } },
      { type: "refused", resourceVersion: "3", isDeleted: false },
    ],
    [
      "one that is refused and gone",
      { type: "DELETED", object: { ...object, data: 1 } },
      { type: "refused", isDeleted: true },
    ],
  ])("is read: %s", (_title, event, expected) => {
    expect(readEvent(configMaps, JSON.stringify(event), "watching")).toMatchObject(expected);
  });
  test("of a type that we do not know is passed over", () => {
    expect(readEvent(configMaps, '{"type":"NEWS","object":{}}', "watching")).toBeUndefined();
  });
  test.each([
    ["an error", '{"type":"ERROR","object":{"kind":"Status","code":410}}', "Expired"],
    ["no JSON", '{"type":', "Unreadable"],
    ["no event", "17", "Unreadable"],
  ])("is a failure: %s", (_title, line, reason) => {
    expect(() => readEvent(configMaps, line, "watching")).toThrow(KubeFailure);
    expect(() => readEvent(configMaps, line, "watching")).toThrow(expect.objectContaining({ reason }));
  });
});
