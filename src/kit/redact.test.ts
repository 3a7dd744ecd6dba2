import { expect, test } from "vitest";
import { redact } from "./redact.ts";

test.each([
  ["a password", "RESTIC_PASSWORD=changeit rest", "RESTIC_PASSWORD=*** rest"],
  ["a password in JSON", '{"password":"change it","a":1}', '{"password":***,"a":1}'],
  ["a token in YAML", "token: s3cr3t", "token: ***"],
  ["keys of a cloud", "AWS_SECRET_ACCESS_KEY=abc/def AKIAABCDEFGHIJKLMNOP", "AWS_SECRET_ACCESS_KEY=*** ***"],
  ["credentials in an address", "nats://user:pass@nats.demo.svc:4222", "nats://***@nats.demo.svc:4222"],
  ["a token in an address", "nats://abc@nats:4222", "nats://***@nats:4222"],
  ["a bearer", "Authorization: Bearer abcdef.ghij-klm", "Authorization: Bearer ***"],
  ["a seed", `seed SU${"A".repeat(56)} in use`, "seed *** in use"],
  ["a JWT", "got eyJ0eXAiOiJKV1QiLCJ.eyJqdGkiOiJBQkNERUY.c2ln now", "got *** now"],
  ["a private key", "a\n-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\nb", "a\n***\nb"],
  ["a private key that is cut", "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIB", "a\n***"],
])("a log does not show %s", (_title, text, shown) => expect(redact(text)).toBe(shown));

test.each([
  ["an ordinary line", "stream ORDERS: 3 of 5 messages"],
  ["a failure about a password", "repository-locked: wrong password or no key found"],
  ["a time", "2026-11-21T03:00:00Z backing up ORDERS@host"],
])("a log shows %s", (_title, text) => expect(redact(text)).toBe(text));
