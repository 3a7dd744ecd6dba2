import { expect, test } from "vitest";
import { appender } from "./log-file.ts";

/** A disk with so much room, which says so with an error once there is none. */
function disk(room: number) {
  const told: unknown[] = [];
  const there = { room, text: "", told };
  const write = (bytes: Buffer) => {
    const taken = Math.min(there.room, bytes.length);
    if (taken === 0) throw new Error("ENOSPC");
    there.text += bytes.subarray(0, taken).toString();
    there.room -= taken;
    return taken;
  };
  return { there, append: appender(write, (error) => told.push(error)) };
}

test("a line that a full disk took in part is whole when there is room again, and what came meanwhile follows", () => {
  const { there, append } = disk(8);
  for (const line of ["one\n", "second\n", "third\n"]) append(line);
  expect(there).toMatchObject({ text: "one\nseco", told: [new Error("ENOSPC")] });
  there.room = 100;
  append("last\n");
  expect(there.text).toBe("one\nsecond\nthird\nlast\n");
});

test("of more than can wait the oldest go, never a part of a line", () => {
  const { there, append } = disk(10);
  const line = (number: number) => `${number} ${"x".repeat(996)}\n`;
  for (let number = 1; number <= 200; number++) append(line(number));
  there.room = 1_000_000;
  append("last\n");
  const lines = there.text.split("\n");
  expect(lines[0]).toBe(line(1).trim());
  expect(lines.at(-2)).toBe("last");
  expect(lines.length).toBeLessThan(70);
  expect(lines.slice(1, -2).every((text) => /^\d+ x{996}$/.test(text))).toBe(true);
});

test("trouble is told once, and again only after it was over", () => {
  const { there, append } = disk(0);
  append("1");
  append("2");
  there.room = 10;
  append("3");
  there.room = 0;
  append("4");
  expect(there.told).toHaveLength(2);
});
