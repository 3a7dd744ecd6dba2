import { hasImmutableSpec, immutableSpec } from "../../api/crd.ts";
import { documents } from "../../api/documents.ts";
import { isKind } from "../../api/kinds.ts";
import { isSame, type JsonObject, type JsonValue } from "../json.ts";
import { type FieldError, invalid } from "./field-error.ts";
import type { Schema } from "./schema.ts";

/** These leave no sense in checking rules. */
const blocking = ["FieldValueRequired", "FieldValueTypeInvalid", "FieldValueNotSupported", "FieldValueTooLong"];
const unchecked =
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

/**
 * What the rules of a kind of ours say against an object, which a cluster's API server has in CEL: here the same rules in
 * TypeScript run, which stand beside them in src/api. `errors` is what the schema said already.
 */
export function ruleErrors(kind: string, schema: Schema, object: JsonObject, errors: readonly FieldError[]) {
  const messages = messagesOf(schema);
  if (messages.size === 0 || !isKind(kind)) return [];
  if (errors.some(({ reason }) => blocking.includes(reason))) return [invalid("<nil>", null, unchecked)];
  const result = documents[kind].safeParse(object, { reportInput: true });
  const issues = result.success ? [] : result.error.issues;
  return issues
    .filter(({ code, message }) => code === "custom" && messages.has(message))
    .map(({ path, input, message }): FieldError => invalid(fieldOf(path), scalar(input), message));
}

/** What a kind of ours says against a change. */
export function transitionErrors(kind: string, before: JsonObject, after: JsonObject): readonly FieldError[] {
  if (!isKind(kind) || !hasImmutableSpec(kind) || isSame(before["spec"], after["spec"])) return [];
  return [invalid("spec", undefined, immutableSpec.message)];
}

/** Looking for them takes longer than all else: a schema has thousands of fields and a handful of rules. */
const found = new WeakMap<Schema, ReadonlySet<string>>();

/** The messages of all rules in a schema. */
function messagesOf(schema: Schema): ReadonlySet<string> {
  const messages = found.get(schema) ?? messagesIn(schema);
  found.set(schema, messages);
  return messages;
}

function messagesIn(schema: Schema): ReadonlySet<string> {
  const own = (schema["x-kubernetes-validations"] ?? []).map(({ message }) => message);
  const { properties = {}, items, additionalProperties } = schema;
  const inner = [...Object.values(properties), items, additionalProperties].filter((each) => each !== undefined);
  return new Set([...own, ...inner.flatMap((each) => [...messagesIn(each)])]);
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

/** Objects and lists are not shown. */
function scalar(input: unknown): JsonValue | undefined {
  return typeof input === "string" || typeof input === "number" || typeof input === "boolean" ? input : undefined;
}
