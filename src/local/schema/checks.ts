import { at, isObject, type JsonValue, textAt } from "../json.ts";
import { type FieldError, invalid, required, unsupported } from "./field-error.ts";
import type { NameRule } from "./names.ts";

/** Small checks that many kinds share. Each takes the object that has the field, the object's own path, and the field's name. */
type Holder = JsonValue | undefined;

export function nonNegative(holder: Holder, path: string, ...names: readonly string[]): readonly FieldError[] {
  return names.flatMap((name) => {
    const value = at(holder, name);
    const isWrong = typeof value === "number" && value < 0;
    return isWrong ? [invalid(`${path}.${name}`, value, "must be greater than or equal to 0")] : [];
  });
}

/** The field may be left out, or be one of `values`. */
export function oneOf(holder: Holder, path: string, [name, values]: readonly [string, readonly string[]]) {
  const value = textAt(holder, name);
  return value === "" || values.includes(value) ? [] : [unsupported(`${path}.${name}`, value, values)];
}

export function between(value: Holder, path: string, [least, most]: readonly [number, number]): readonly FieldError[] {
  if (typeof value !== "number" || (value >= least && value <= most)) return [];
  return [invalid(path, value, `must be between ${least} and ${most}, inclusive`)];
}

export const ports = [1, 65535] as const;

/** A name that must be there and fit `rule`. */
export function named(holder: Holder, path: string, rule: NameRule): readonly FieldError[] {
  const name = textAt(holder, "name");
  if (name === "") return [required(`${path}.name`)];
  return rule(name).map((each) => invalid(`${path}.name`, name, each));
}

export function entriesAt(holder: Holder, ...path: readonly string[]): readonly (readonly [string, JsonValue])[] {
  const found = at(holder, ...path);
  return isObject(found) ? Object.entries(found) : [];
}
