import { expect, test } from "vitest";
import { health } from "./health.ts";
import { NotWritten } from "./store-failures.ts";

const trouble = new NotWritten("disk-full", "writing store.db: no space left");
const failed = "[+]ping ok\n[-]store failed: writing store.db: no space left\n";

test.each([
  ["/livez", undefined, 200, "ok"],
  ["/readyz", undefined, 200, "ok"],
  ["/readyz/", undefined, 200, "ok"],
  ["/readyz?verbose", undefined, 200, "[+]ping ok\n[+]store ok\nreadyz check passed\n"],
  ["/livez?verbose", trouble, 200, "[+]ping ok\nlivez check passed\n"],
  ["/livez", trouble, 200, "ok"],
  ["/readyz", trouble, 500, `${failed}readyz check failed\n`],
  ["/healthz", trouble, 500, `${failed}healthz check failed\n`],
  ["/readyz?exclude=store", trouble, 200, "ok"],
  ["/readyz?verbose&exclude=store", trouble, 200, "[+]ping ok\n[+]store excluded: ok\nreadyz check passed\n"],
  ["/readyz/ping", trouble, 200, "ok"],
  ["/readyz/store", trouble, 500, "internal server error: writing store.db: no space left\n"],
  ["/livez/store", trouble, undefined, undefined],
  ["/readyz/etcd", undefined, undefined, undefined],
  ["/api", undefined, undefined, undefined],
])("%s", (path, given, code, body) => {
  const { pathname, searchParams } = new URL(path, "https://server");
  const answer = health(pathname, searchParams, { trouble: given });
  expect([answer?.code, answer?.body]).toEqual([code, body]);
});
