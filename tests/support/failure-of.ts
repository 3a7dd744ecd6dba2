import { Failure } from "../../src/kit/failures.ts";

/** The failure of a promise that must fail, and how long it took. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure & { readonly tookMs?: number }> {
  const started = performance.now();
  const error = await promise.then(
    () => new Error("did not fail"),
    (thrown: unknown) => thrown,
  );
  if (!Failure.is(error)) throw error;
  return Object.assign(error, { tookMs: performance.now() - started });
}
