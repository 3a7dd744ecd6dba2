import { Failure } from "../../kit/failures.ts";

/** What is wrong with a hook's template, in one sentence. */
export function mistake(what: string, hint?: string): Failure {
  return new Failure("configuration-invalid", `the hook's template: ${what}`, hint === undefined ? {} : { hint });
}
