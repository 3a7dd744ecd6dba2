import { expect, test } from "vitest";
import { KubeFailure, refusalOf } from "./failure.ts";
import { onceSettled } from "./settling.ts";

const options = { signal: new AbortController().signal, pauseMs: 5, patienceMs: 200 };
const refused = (status: number) => refusalOf({ action: "reading", status, body: "" });

/** Refused so often, then allowed; how often it was asked. */
async function ask(failure: KubeFailure, times: number): Promise<number> {
  let asked = 0;
  await onceSettled(async () => {
    asked += 1;
    if (asked <= times) throw failure;
  }, options);
  return asked;
}

test.each([401, 403, 404])("%d is not believed at once", async (status) => {
  expect(await ask(refused(status), 3)).toBe(4);
});

test.each([400, 409, 422, 500])("%d is", async (status) => {
  await expect(ask(refused(status), 1)).rejects.toBeInstanceOf(KubeFailure);
});

test("what stays forbidden is believed at last", async () => {
  await expect(ask(refused(403), 1000)).rejects.toThrow("reading");
});

test("an aborted signal ends the waiting", async () => {
  const stop = new AbortController();
  const asked = onceSettled(async () => Promise.reject(refused(403)), {
    signal: stop.signal,
    pauseMs: 60_000,
    patienceMs: 120_000,
  });
  stop.abort();
  await expect(asked).rejects.toThrow("interrupted");
});
