import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { Failure } from "../../kit/failures.ts";
import { chunks } from "./archive-samples.ts";
import { TarReader, tarEnd, tarEntry } from "./tar.ts";
import { writeTarHeader } from "./tar-header.ts";

type File = readonly [name: string, content: Uint8Array];

const folder = mkdtempSync(join(tmpdir(), "coldstream-tar-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(files: readonly File[]): Uint8Array {
  return Buffer.concat([...files.flatMap(([name, content]) => tarEntry(name, content)), tarEnd]);
}

function read(tar: Iterable<Uint8Array>): File[] {
  const reader = new TarReader();
  const files: File[] = [];
  for (const piece of tar) for (const { name, bytes } of reader.push(piece)) files.push([name, bytes]);
  reader.end();
  return files;
}

const name = fc.oneof(
  fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 90 }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 300 }),
  fc.constantFrom("a".repeat(99), "b".repeat(100), "c".repeat(101), "d".repeat(985), "e".repeat(986), "é".repeat(50)),
);
const files = fc.array(fc.tuple(name, fc.uint8Array({ maxLength: 1200 })), { maxLength: 6 });

test("reads back what tarEntry writes, in chunks of any size", () => {
  const property = fc.property(files, fc.integer({ min: 1, max: 700 }), (given, size) => {
    expect(read(chunks(write(given), () => size))).toEqual(given);
  });
  fc.assert(property);
});

const longName = `obs/${"consumer-".repeat(25)}/meta.inf`;
const sample: readonly File[] = [
  ["meta.inf", Buffer.from("{}")],
  ["msgs/1.blk", new Uint8Array(5000).map((_, at) => at)],
  ["msgs/empty.blk", new Uint8Array(0)],
  [`obs/${"c".repeat(90)}/meta.inf`, Buffer.from("fits ustar's two fields")],
  [longName, Buffer.from("long")],
  ["obs/grüße/o.dat", new Uint8Array(512).fill(7)],
];

describe("GNU tar", () => {
  const environment = { ...process.env, LC_ALL: "C.UTF-8" };
  const tar = (...args: readonly string[]) =>
    execFileSync("tar", args, { cwd: folder, env: environment, maxBuffer: 1 << 24 });

  test("reads what tarEntry writes", () => {
    writeFileSync(join(folder, "ours.tar"), write(sample));
    const listing = tar("--quoting-style=literal", "-tf", "ours.tar").toString().trimEnd().split("\n");
    expect(listing).toEqual(sample.map(([path]) => path));
    for (const [path, content] of sample) expect(Buffer.compare(tar("-xOf", "ours.tar", path), content)).toBe(0);
  });

  test.each(["ustar", "pax", "gnu", "oldgnu"])("writes %s for TarReader to read", (format) => {
    const given = sample.filter(([path]) => format !== "ustar" || path !== longName);
    for (const [path, content] of given) {
      mkdirSync(join(folder, format, dirname(path)), { recursive: true });
      writeFileSync(join(folder, format, path), content);
    }
    tar("--format", format, "-C", format, "-cf", `${format}.tar`, "meta.inf", "msgs", "obs");
    const found = read([readFileSync(join(folder, `${format}.tar`))]).map(([path, bytes]) => [
      path,
      Buffer.from(bytes),
    ]);
    const expected = given.map(([path, content]) => [path, Buffer.from(content)]);
    expect(found.sort()).toEqual(expected.sort());
  });
});

describe("the reader", () => {
  const whole = write(sample);

  function bend(change: (block: Buffer) => void): Uint8Array {
    const block = Buffer.from(writeTarHeader({ name: "x", type: "0", size: 0 }, 0));
    change(block);
    let sum = 8 * 0x20;
    block.forEach((byte, at) => {
      if (at < 148 || at >= 156) sum += byte;
    });
    block.write(sum.toString(8).padStart(6, "0"), 148, "latin1");
    return Buffer.concat([block, tarEnd]);
  }
  const pax = (text: string) => {
    const header = writeTarHeader({ name: "p", type: "x", size: text.length }, 0);
    return Buffer.concat([
      header,
      Buffer.from(text),
      Buffer.alloc(512 - text.length),
      ...tarEntry("f", new Uint8Array(3)),
      tarEnd,
    ]);
  };

  test.each([
    ["a link", bend((block) => block.write("2", 156)), "no regular file"],
    ["a device", bend((block) => block.write("3", 156)), "no regular file"],
    ["global PAX records", bend((block) => block.write("g", 156)), "no regular file"],
    ["a size that is not octal", bend((block) => block.write("0000000009", 124)), "not octal"],
    ["an oversized entry", bend((block) => block.write("01000000001", 124)), "at most"],
    [
      "an oversized entry in base 256",
      bend((block) => block.write("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 124, "latin1")),
      "at most",
    ],
    ["a name that is not UTF-8", bend((block) => block.fill(0xff, 0, 4)), "not UTF-8"],
    ["a header with a wrong checksum", Buffer.concat([Buffer.alloc(512, "1"), tarEnd]), "checksum"],
    [
      "content after a lone zero block",
      Buffer.concat([new Uint8Array(512), ...tarEntry("a", new Uint8Array(1))]),
      "follows its end",
    ],
    ["content after the end", Buffer.concat([whole, Uint8Array.of(1)]), "follows its end"],
    ["a PAX record with a wrong length", pax("99 path=a\n"), "malformed"],
    ["a PAX record without a length", pax("path=a\n"), "malformed"],
    ["a PAX record without =", pax("7 path\n"), "malformed"],
    ["a PAX size that is none", pax("10 size=x\n"), "not a number"],
    ["an oversized PAX size", pax("21 size=999999999999\n"), "at most"],
    ["a sparse file", pax("22 GNU.sparse.major=1\n"), "sparse"],
  ])("refuses %s", (_title, tar, message) => {
    expect(() => read([tar])).toThrow(Failure);
    expect(() => read([tar])).toThrow(message);
    expect(() => read(chunks(tar, () => 1))).toThrow(message);
  });

  test("takes a path and a size from PAX records for the next entry only", () => {
    const records = "15 path=a b/c\n".replace("15", "14");
    const [first] = read([pax(`${records}8 size=3\n`.replace("8 size", "9 size"))]);
    expect(first?.[0]).toBe("a b/c");
    expect(first?.[1]).toHaveLength(3);
  });

  test("passes over folders and zeros after the end", () => {
    const tar = Buffer.concat([bend((block) => block.write("5", 156)).subarray(0, 512), whole, new Uint8Array(10240)]);
    expect(read([tar]).map(([path]) => path)).toEqual(sample.map(([path]) => path));
  });

  test("is incomplete wherever the tar is cut", () => {
    for (let end = 0; end < whole.length; end += 64) {
      expect(() => read([whole.subarray(0, end)])).toThrow(expect.objectContaining({ code: "snapshot-incomplete" }));
    }
    expect(() => read([whole.subarray(0, -1)])).toThrow("its end is missing");
  });
});
