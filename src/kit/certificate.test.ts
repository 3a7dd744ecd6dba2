import { createPrivateKey, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { makeAuthority, makeSelfSigned, makeSigned } from "./certificate.ts";

test("makes a certificate for its names that fits its key", async () => {
  const made = await makeSelfSigned({
    name: "node-a",
    hosts: ["node-a"],
    addresses: ["127.0.0.1"],
    notBefore: new Date("2026-11-21T00:00:00Z"),
    notAfter: new Date("2027-11-21T00:00:00Z"),
  });
  const read = new X509Certificate(made.certificate);
  expect(read.subject).toBe("CN=node-a");
  expect(read.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(read.checkHost("node-a")).toBe("node-a");
  expect(read.checkPrivateKey(createPrivateKey(made.key))).toBe(true);
  expect(read.validToDate.toISOString()).toBe("2027-11-21T00:00:00.000Z");
});

test("lets an authority vouch for others", async () => {
  const times = { notBefore: new Date("2026-11-21T00:00:00Z"), notAfter: new Date("2027-11-21T00:00:00Z") };
  const authority = await makeAuthority({ name: "coldstream", ...times });
  const made = await makeSigned(authority, {
    ...{ name: "server", hosts: ["localhost"], addresses: ["127.0.0.1", "::1"], usage: "server" },
    ...times,
  });
  const read = new X509Certificate(made.certificate);
  const issuer = new X509Certificate(authority.certificate);
  expect([issuer.ca, read.ca]).toEqual([true, false]);
  expect(read.issuer).toBe("CN=coldstream");
  expect(read.checkIssued(issuer)).toBe(true);
  expect(read.verify(issuer.publicKey)).toBe(true);
  expect(read.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(read.checkPrivateKey(createPrivateKey(made.key))).toBe(true);
});
