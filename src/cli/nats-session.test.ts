import { expect, test } from "vitest";
import { Failure } from "../kit/failures.ts";
import { readSubset } from "./commands/check.ts";
import { targetName } from "./nats-session.ts";
import { readTarget } from "./options/target.ts";

test.each([
  ["nats://127.0.0.1:4222", "$G", "localhost:4222"],
  ["localhost", undefined, "localhost:4222"],
  ["nats://[::1]:5222", "$G", "localhost:5222"],
  ["nats://user:pass@NATS.example.com", "APP", "APP@nats.example.com:4222"],
  ["tls://nats.example.com:4443", "odd name", "odd_name@nats.example.com:4443"],
])("%s in account %s is target %s", (server, account, target) => {
  expect(targetName(server, account)).toBe(target);
  expect(readTarget(target)).toBe(target);
});

test.each(["", "a b", "a,b", "a=b", "a\u0007", "x".repeat(201)])("%j is no target", (text) =>
  expect(() => readTarget(text)).toThrow(Failure),
);

test.each(["10%", "0.5%", "100%", "1/7", "7/7", "500M", "5g"])("%s is a part of the data", (text) =>
  expect(readSubset(text)).toBe(text),
);
test.each(["0%", "101%", "0/7", "8/7", "M", "-5", "0", ""])("%j is no part of the data", (text) =>
  expect(() => readSubset(text)).toThrow(Failure),
);
