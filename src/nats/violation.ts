/** A `-ERR` line with which a server refuses one operation and keeps the connection (server/client.go). */
export interface Violation {
  /** `reply`: the reply subject of a publish was refused. */
  readonly operation: "publish" | "subscribe" | "reply";
  readonly subject: string;
}

const operations = {
  "Publish to": "publish",
  "Publish with Reply of": "reply",
  "Subscription to": "subscribe",
} as const satisfies Record<string, Violation["operation"]>;

/** Parses `Permissions Violation for Publish to "subject"`; undefined for other texts. */
export function parseViolation(text: string): Violation | undefined {
  const match =
    /permissions violation for (Publish to|Publish with Reply of|Subscription to) "((?:[^"\\]|\\.)*)"/i.exec(text);
  const words = Object.keys(operations).find((key) => key.toLowerCase() === match?.[1]?.toLowerCase());
  if (match?.[2] === undefined || words === undefined) return undefined;
  return { operation: operations[words as keyof typeof operations], subject: unquote(match[2]) };
}

const controls: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** Undoes Go's %q: the server quotes subjects with it, and stream names may hold control characters. */
function unquote(text: string): string {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const [part, hex, u4, u8, short] of text.matchAll(
    /\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\U([0-9a-f]{8})|\\(.)|[^\\]/gu,
  )) {
    const point = u4 ?? u8;
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (point !== undefined) bytes.push(...encoder.encode(String.fromCodePoint(Number.parseInt(point, 16))));
    else if (short !== undefined) bytes.push(controls[short] ?? short.charCodeAt(0));
    else bytes.push(...encoder.encode(part));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
