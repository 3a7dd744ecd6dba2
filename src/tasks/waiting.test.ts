import { describe, expect, test } from "vitest";
import { failureOf } from "../../tests/support/failure-of.ts";
import { Failure } from "../kit/failures.ts";
import { tlsDetails } from "../nats/tls-trouble.ts";
import { decideUnlock } from "./lock-healer.ts";
import { isServerComing, patiently } from "./waiting.ts";

const { signal } = new AbortController();

describe("waiting", () => {
  const setUp = (waitMs: number) => {
    const told: string[] = [];
    const onTrouble = async ({ message }: Failure) => void told.push(message);
    return { told, patience: { waitMs, isPassing: isServerComing, onTrouble, now: () => new Date(), signal } };
  };
  const away = () => new Failure("server-unreachable", "cannot reach x");

  test("tells of a reason once, and ends when it works", async () => {
    const { told, patience } = setUp(20_000);
    let tries = 0;
    const result = await patiently(async () => {
      if (++tries < 3) throw away();
      return "there";
    }, patience);
    expect([result, tries, told]).toEqual(["there", 3, ["cannot reach x"]]);
  });

  test("ends when patience does, with the last reason", async () => {
    const { patience } = setUp(1_500);
    const failure = await failureOf(patiently(() => Promise.reject(away()), patience));
    expect([failure.code, failure.message]).toEqual(["server-unreachable", "cannot reach x (tried for 1.5 s)"]);
    expect(failure.tookMs).toBeGreaterThan(1_400);
  });

  test("does not begin for what stays as it is", async () => {
    const { told, patience } = setUp(60_000);
    const failure = await failureOf(patiently(() => Promise.reject(new Failure("not-permitted", "no")), patience));
    expect([failure.message, told]).toEqual(["no", []]);
  });
});

const because = (code: string) => Object.assign(new Error("x"), { code });

test.each([
  ["nobody listens", new Failure("server-unreachable", "m", { cause: because("ECONNREFUSED") }), true],
  ["it does not answer", new Failure("timed-out", "m"), true],
  ["the login is refused", new Failure("not-permitted", "m"), false],
  ["the certificate does not fit", new Failure("server-unreachable", "m", { details: tlsDetails("name") }), false],
  [
    "an unknown authority, wrapped",
    new Failure("server-unreachable", "m", {
      cause: new Failure("server-unreachable", "n", { details: tlsDetails("issuer") }),
    }),
    false,
  ],
])("whether to wait when %s", (_title, failure, isComing) => expect(isServerComing(failure)).toBe(isComing));

const lock = (hostname: string) => ({ hostname });

test.each([
  ["nothing without locks", [], {}, "nothing"],
  ["all when every owner is gone", ["a", "b"], { a: "gone", b: "gone" }, "all"],
  ["what restic calls stale when one lives", ["a", "b"], { a: "gone", b: "alive" }, "stale"],
  ["what restic calls stale when one is unknown", ["a", "b"], { a: "gone", b: "unknown" }, "stale"],
  ["what restic calls stale when one was not asked about", ["a", "b"], { a: "gone" }, "stale"],
] as const)("unlock: %s", (_title, hosts, states, decided) => {
  expect(decideUnlock(hosts.map(lock), new Map(Object.entries(states)))).toBe(decided);
});
