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

/** Parses with integers as bigint. Throws SyntaxError. Keys keep their order; `__proto__` is an ordinary key. */
export function parseJson(text: string): JsonValue {
  // This throws for what is no JSON. A reviver gets the numbers' texts too, but blocks the process 20 times as long.
  JSON.parse(text);
  return new Reader(text).value();
}

/** Char codes of JSON's signs. */
const sign = {
  /** White space is this and less. */
  space: 0x20,
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  nought: 0x30,
  nine: 0x39,
  bigE: 0x45,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  e: 0x65,
  f: 0x66,
  n: 0x6e,
  t: 0x74,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/** Reads a text that is known to be JSON: it checks nothing. */
class Reader {
  readonly #text: string;
  #at = 0;
  /** Where the next backslash is, as far as it was looked for. */
  #escape = -1;

  constructor(text: string) {
    this.#text = text;
  }

  value(): JsonValue {
    switch (this.#peek()) {
      case sign.quote:
        return this.#string();
      case sign.openBracket:
        return this.#array();
      case sign.openBrace:
        return this.#object();
      case sign.f:
        return this.#skip(5, false);
      case sign.n:
        return this.#skip(4, null);
      case sign.t:
        return this.#skip(4, true);
      default:
        return this.#number();
    }
  }

  #array(): JsonValue[] {
    const items: JsonValue[] = [];
    this.#at++;
    if (this.#peek() === sign.closeBracket) return this.#skip(1, items);
    for (;;) {
      items.push(this.value());
      if (this.#peek() !== sign.comma) return this.#skip(1, items);
      this.#at++;
    }
  }

  #object(): JsonObject {
    const object: JsonObject = {};
    this.#at++;
    if (this.#peek() === sign.closeBrace) return this.#skip(1, object);
    for (;;) {
      this.#peek();
      const key = this.#string();
      this.#peek();
      this.#at++;
      const value = this.value();
      if (key === "__proto__")
        Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
      else object[key] = value;
      if (this.#peek() !== sign.comma) return this.#skip(1, object);
      this.#at++;
    }
  }

  #string(): string {
    const start = this.#at;
    const end = this.#text.indexOf('"', start + 1);
    if (this.#escape < start) {
      const next = this.#text.indexOf("\\", start);
      this.#escape = next < 0 ? this.#text.length : next;
    }
    if (end < this.#escape) return this.#skip(end + 1 - start, this.#text.slice(start + 1, end));
    for (this.#at++; this.#text.charCodeAt(this.#at) !== sign.quote; this.#at++) {
      if (this.#text.charCodeAt(this.#at) === sign.backslash) this.#at++;
    }
    this.#at++;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #number(): bigint | RawNumber {
    const start = this.#at;
    let isInteger = true;
    for (; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === sign.dot || code === sign.bigE || code === sign.e || code === sign.plus) isInteger = false;
      else if (code !== sign.minus && !(code >= sign.nought && code <= sign.nine)) break;
    }
    const source = this.#text.slice(start, this.#at);
    return isInteger ? BigInt(source) : JSON.rawJSON(source);
  }

  /** The code of the next sign that is no white space. */
  #peek(): number {
    for (; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code > sign.space) return code;
    }
  }

  #skip<T>(count: number, value: T): T {
    this.#at += count;
    return value;
  }
}

/** Writes what `parseJson` gave, or plain values with bigint in them. `undefined` members are left out. */
export function writeJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === "bigint" ? JSON.rawJSON(item.toString()) : item),
    indent,
  );
}
