import type { JsonObject } from "../json.ts";

export type Patched =
  | { readonly kind: "patched"; readonly object: JsonObject }
  /** 400: it is no such patch; 413: it is too long; 422: it does not fit the object. */
  | { readonly kind: "refused"; readonly status: 400 | 413 | 422; readonly message: string };

/** Thrown within a patch function only, which answers with it. */
export class Misfit extends Error {
  readonly status: 400 | 413 | 422;

  constructor(status: 400 | 413 | 422, message: string) {
    super(message);
    this.status = status;
  }
}

/** What `patch` makes, or why it cannot. */
export function attempt(patch: () => JsonObject): Patched {
  try {
    return { kind: "patched", object: patch() };
  } catch (error) {
    if (error instanceof Misfit) return { kind: "refused", status: error.status, message: error.message };
    throw error;
  }
}
