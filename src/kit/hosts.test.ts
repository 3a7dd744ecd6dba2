import { expect, test } from "vitest";
import { bracketed, listenHint, openHosts, reachable, unbracketed, whyUnreached } from "./hosts.ts";

const hosts = openHosts({
  "sample-nats.demo.svc:4222": "127.0.0.1:41234",
  "sample-nats.demo.svc": "127.0.0.2",
  "db.demo.svc": "127.0.0.1:5000",
  "six.demo.svc:4222": "[::1]:7000",
  "bare.demo.svc": "::1",
});

test.each([
  ["host and port", "sample-nats.demo.svc", 4222, { address: "127.0.0.1", port: 41234 }],
  ["another port of it", "sample-nats.demo.svc", 8222, { address: "127.0.0.2", port: 8222 }],
  ["any port of a host", "db.demo.svc", 1, { address: "127.0.0.1", port: 5000 }],
  ["a name in capitals, with its dot", "Sample-NATS.demo.svc.", 4222, { address: "127.0.0.1", port: 41234 }],
  ["an address of IPv6", "six.demo.svc", 4222, { address: "::1", port: 7000 }],
  ["an address of IPv6 without a port", "bare.demo.svc", 4222, { address: "::1", port: 4222 }],
  ["nothing for a foreign host", "example.com", 443, undefined],
])("finds %s", (_title, host, port, expected) => expect(hosts.lookup(host, port)).toEqual(expected));

test.each([
  ["a name", "nats.demo.svc", "nats.demo.svc", "nats.demo.svc"],
  ["an address of IPv4", "10.0.0.1", "10.0.0.1", "10.0.0.1"],
  ["an address of IPv6", "fd00::1", "[fd00::1]", "[fd00::1]"],
  ["every address of IPv4", "0.0.0.0", "0.0.0.0", "127.0.0.1"],
  ["every address", "::", "[::]", "127.0.0.1"],
])("writes %s for URLs, and where one that listens there is reached", (_title, host, text, reached) => {
  expect([bracketed(host), reachable(host), unbracketed(text)]).toEqual([text, reached, host]);
});

test.each([
  ["in use", "EADDRINUSE", /^end the program that uses the address, or name another one with --listen$/],
  ["another machine's", "EADDRNOTAVAIL", /^this machine does not have that address: .* --listen, or 0\.0\.0\.0/],
])("says what to do about an address that is %s", (_title, code, hint) => {
  expect(listenHint(Object.assign(new Error("listen"), { code }), "--listen")).toMatch(hint);
});

test.each([
  ["ECONNREFUSED", "", "connection refused"],
  ["ENOTFOUND", "getaddrinfo", "the name does not resolve"],
  ["EAI_AGAIN", "getaddrinfo", "the name does not resolve"],
  ["EHOSTUNREACH", "", "no route to it"],
  ["ENETUNREACH", "", "no route to it"],
  ["ECONNRESET", "read", "the connection was cut"],
  ["EMFILE", "too many files", "too many files"],
  ["EMFILE", "", "EMFILE"],
])("says why nobody was reached: %s %j", (code, message, said) => {
  expect(whyUnreached(Object.assign(new Error(message), { code }))).toBe(said);
});
