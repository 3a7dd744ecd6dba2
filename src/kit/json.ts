/**
 * JSON as NATS servers write it. JSON.parse rounds 1763719200123456789, so integers become bigint here, and other
 * numbers keep their own text: what was parsed can be written again without a change of value.
 */
export type JsonValue = null | boolean | bigint | number | string | RawNumber | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue | undefined;
}
/** A number that is no integer, kept as written (what JSON.rawJSON gives). */
export interface RawNumber {
  readonly rawJSON: string;
}

declare global {
  interface JSON {
    rawJSON(text: string): RawNumber;
  }
}

type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** Parses with integers as bigint. Throws SyntaxError. Keys keep their order; `__proto__` is an ordinary key. */
export function parseJson(text: string): JsonValue {
  const reviver: Reviver = (_key, value, context) => {
    if (typeof value !== "number" || context.source === undefined) return value;
    return /^-?\d+$/.test(context.source) ? BigInt(context.source) : JSON.rawJSON(context.source);
  };
  return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]) as JsonValue;
}

/** Writes what `parseJson` gave, or plain values with bigint in them. `undefined` members are left out. */
export function writeJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === "bigint" ? JSON.rawJSON(item.toString()) : item),
    indent,
  );
}
