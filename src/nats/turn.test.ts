import { describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import type { JetStream } from "./jetstream.ts";
import { takeTurn } from "./turn.ts";

function account(serverId: string, { isClustered = false, prefix = "$JS.API" } = {}): JetStream {
  return { connection: { serverId, isClustered }, prefix } as JetStream;
}

async function isTaken(js: JetStream): Promise<boolean> {
  const signal = AbortSignal.timeout(20);
  try {
    using _turn = await takeTurn(js, signal);
    return false;
  } catch {
    return true;
  }
}

describe("a turn", () => {
  test.each([
    ["on the same server is waited for", account("A"), true],
    ["on another server is not", account("B"), false],
    ["of the same server behind a domain is waited for", account("A", { prefix: "$JS.hub.API" }), true],
    ["in a cluster is not waited for", account("A", { isClustered: true }), false],
    ["behind a domain of a cluster is waited for", account("A", { isClustered: true, prefix: "$JS.leaf.API" }), true],
  ])("%s", async (_title, other, waits) => {
    {
      using _turn = await takeTurn(account("A"));
      expect(await isTaken(other)).toBe(waits);
    }
    expect(await isTaken(other)).toBe(false);
  });

  test("comes to all in the order in which they asked", async () => {
    const order: number[] = [];
    const one = async (number: number) => {
      using _turn = await takeTurn(account("A"));
      order.push(number);
      await new Promise((resolve) => setTimeout(resolve, 5));
      order.push(-number);
    };
    await Promise.all([one(1), one(2), one(3)]);
    expect(order).toEqual([1, -1, 2, -2, 3, -3]);
  });

  test("that is waited for no longer is passed on, and nobody overtakes who has it", async () => {
    const first = await takeTurn(account("A"));
    const given = new AbortController();
    const second = takeTurn(account("A"), given.signal);
    const third = takeTurn(account("A"));
    given.abort();
    expect(await failureOf(second)).toMatchObject({ code: "interrupted" });
    expect(await isTaken(account("A"))).toBe(true);
    first[Symbol.dispose]();
    (await third)[Symbol.dispose]();
    expect(await isTaken(account("A"))).toBe(false);
  });
});
