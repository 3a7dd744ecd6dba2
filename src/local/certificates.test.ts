import { X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openIdentity } from "./certificates.ts";

test("certificates are good also by a clock that is set back by years", async () => {
  const folder = await mkdtemp(join(tmpdir(), "coldstream-certificates-"));
  try {
    const { caPem, serving, client } = await openIdentity(folder, "127.0.0.1");
    const begins = [caPem, serving.certificate, client.certificate].map((pem) => new X509Certificate(pem).validFrom);
    expect(begins).toEqual(Array.from({ length: 3 }, () => "Jan  1 00:00:00 2000 GMT"));
  } finally {
    await rm(folder, { recursive: true });
  }
});
