import type { JsonValue } from "../json.ts";
import { canonicalQuantity } from "./quantity.ts";

/** Values that Go reads in a way of its own, as they are kept; or what Go says against them. */
export type Read = { readonly kept: JsonValue } | { readonly mistake: string };

const quantityForm = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$";

export function readQuantity(value: JsonValue): Read {
  const text = typeof value === "number" ? String(value) : value;
  const kept = typeof text === "string" ? canonicalQuantity(text) : undefined;
  return kept === undefined ? { mistake: `quantities must match the regular expression '${quantityForm}'` } : { kept };
}

const layouts = { Time: "2006-01-02T15:04:05Z07:00", MicroTime: "2006-01-02T15:04:05.000000Z07:00" } as const;
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d+))?(?:Z|[+-]\d\d:\d\d)$/;

/** Times are kept in UTC: whole seconds, or (MicroTime, which must be given so) microseconds. */
export function readTime(value: JsonValue, kind: keyof typeof layouts): Read {
  if (typeof value !== "string") return { mistake: "json: cannot unmarshal into Go value of type string" };
  const [, fraction] = instant.exec(value) ?? [];
  const ms = Date.parse(value);
  const isMicro = kind === "MicroTime";
  if (!instant.test(value) || Number.isNaN(ms) || (isMicro && fraction?.length !== 6)) {
    const part = value.replace(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}/, "");
    const place = part === value ? ["2006", value] : [isMicro ? ".000000" : "Z07:00", part];
    return {
      mistake: `parsing time ${JSON.stringify(value)} as "${layouts[kind]}": cannot parse ${JSON.stringify(place[1])} as "${place[0]}"`,
    };
  }
  const seconds = new Date(ms).toISOString().slice(0, "2006-01-02T15:04:05".length);
  return { kept: isMicro ? `${seconds}.${fraction}Z` : `${seconds}Z` };
}

/** Kept on one line, whatever it came as. */
export function readBase64(text: string): Read {
  const line = text.replace(/[\r\n]/g, "");
  const stop = line.search(/[^A-Za-z0-9+/]/);
  const end = stop === -1 ? line.length : stop;
  const isPadded = /^={0,2}$/.test(line.slice(end)) && line.length % 4 === 0;
  if (isPadded) return { kept: line };
  const at = stop === -1 || line[stop] === "=" ? Math.max(0, Math.ceil(end / 4) * 4 - 4) : stop;
  return { mistake: `illegal base64 data at input byte ${at}` };
}
