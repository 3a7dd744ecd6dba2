import type { z } from "zod";
import type { ValidationRule } from "./structural.ts";

export interface Rule<T> extends ValidationRule {
  /** The same rule for us: the single-machine API server and the command line do not run CEL. */
  readonly holds: (value: T) => boolean;
}

/** `schema` with a rule that spans fields. Strings and lists it reads need a limit, or the API server finds it too dear. */
export function withRule<S extends z.ZodType>(schema: S, { rule, message, holds }: Rule<z.output<S>>): S {
  const earlier = schema.meta()?.["x-kubernetes-validations"];
  const rules = [...(Array.isArray(earlier) ? earlier : []), { rule, message }];
  return schema.refine(holds, message).meta({ "x-kubernetes-validations": rules });
}
