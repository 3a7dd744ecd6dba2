import { createPrivateKey, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { makeSelfSigned } from "./certificate.ts";

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
