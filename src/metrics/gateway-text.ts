import { z } from "zod";

/** Prometheus' text format as pushes have it, read into families and written again as a Pushgateway writes it. */

/** `seconds_count` of a summary `seconds` is a sample of the family `seconds`. The value is as Go writes a float64: JSON has no NaN. */
export const Sample = z.object({ name: z.string(), labels: z.record(z.string(), z.string()), value: z.string() });
export type Sample = Readonly<z.infer<typeof Sample>>;

export const Family = z.object({
  ...{ name: z.string(), type: z.string(), help: z.string().optional() },
  samples: z.array(Sample).readonly(),
});
export type Family = Readonly<z.infer<typeof Family>>;

export type Read = { readonly families: readonly Family[] } | { readonly refused: string };

interface Growing {
  type: string | undefined;
  help: string | undefined;
  readonly samples: Sample[];
}

const types: ReadonlySet<string> = new Set(["counter", "gauge", "histogram", "summary", "untyped"]);
const sampleLine = /^([a-zA-Z_:][\w:]*)\s*(?:\{(.*)\}\s*|\s)\s*(\S+)(?:\s+(\S+))?\s*$/;
const labelPair = /\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\["\\n])*)"\s*(?:,|$)/y;

/** The reason of a refusal is a sentence without a full stop that names the line. */
export function readText(text: string): Read {
  if (text !== "" && !text.endsWith("\n")) {
    return { refused: `line ${text.split("\n").length}: the last line has no end; it may have been cut off` };
  }
  const families = new Map<string, Growing>();
  for (const [index, line] of text.split("\n").entries()) {
    const wrong = line.trimStart().startsWith("#") ? readComment(line, families) : readSample(line, families);
    if (wrong !== undefined) return { refused: `line ${index + 1}: ${wrong}` };
  }
  const full = [...families].filter(([, { samples }]) => samples.length > 0);
  return { families: full.map(([name, family]) => ({ ...family, name, type: family.type ?? "untyped" })) };
}

/** undefined: it is right, or says nothing to us. */
function readComment(line: string, families: Map<string, Growing>): string | undefined {
  const [, what, name = "", rest = ""] = /^\s*#\s+(HELP|TYPE)\s+(\S+)(?:[ \t]+(.*?))?\s*$/.exec(line) ?? [];
  if (what === undefined) return undefined;
  const family = familyOf(name, families);
  if (what === "HELP") {
    if (family.help !== undefined) return `a second HELP of ${name}`;
    family.help = rest.replaceAll(/\\([\\n])/g, (_, letter) => (letter === "n" ? "\n" : "\\"));
    return undefined;
  }
  const type = rest.toLowerCase();
  if (!types.has(type)) return `unknown type ${JSON.stringify(rest)} of ${name}`;
  if (family.type !== undefined || family.samples.length > 0)
    return `a second TYPE of ${name}, or one after its samples`;
  family.type = type;
  return undefined;
}

function readSample(line: string, families: Map<string, Growing>): string | undefined {
  if (line.trim() === "") return undefined;
  const [, name, pairs, value = "", time] = sampleLine.exec(line.trimStart()) ?? [];
  if (name === undefined) return 'this is no sample: NAME{LABEL="VALUE"} NUMBER is wanted';
  const labels = readLabels(pairs ?? "");
  if (typeof labels === "string") return `${labels} of ${name}`;
  const number = readNumber(value);
  if (number === undefined) return `${JSON.stringify(value)} is no number for ${name}`;
  if (time !== undefined) return `${name} has a timestamp; a Pushgateway takes none`;
  familyOf(baseOf(name, families), families).samples.push({ name, labels, value: number });
  return undefined;
}

/** A sentence when they cannot be read. */
function readLabels(text: string): Readonly<Record<string, string>> | string {
  const labels = new Map<string, string>();
  labelPair.lastIndex = 0;
  while (text.slice(labelPair.lastIndex).trim() !== "") {
    const [, name, value = ""] = labelPair.exec(text) ?? [];
    if (name === undefined) return "the labels cannot be read";
    if (labels.has(name)) return `the label ${name} is there twice`;
    labels.set(
      name,
      value.replaceAll(/\\(.)/g, (_, letter) => (letter === "n" ? "\n" : letter)),
    );
  }
  return Object.fromEntries(labels);
}

/** Prometheus takes what Go's ParseFloat takes; of that decimal numbers and the names of what is none. */
function readNumber(text: string): string | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return formatNumber(Number(text));
  if (/^nan$/i.test(text)) return "NaN";
  const [, sign] = /^([+-]?)inf(?:inity)?$/i.exec(text) ?? [];
  return sign === undefined ? undefined : sign === "-" ? "-Inf" : "+Inf";
}

/** As Go's 'g' with the least digits: from 1e+06 on and below 0.0001 with an exponent of two digits or more. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

function familyOf(name: string, families: Map<string, Growing>): Growing {
  const found = families.get(name) ?? { type: undefined, help: undefined, samples: [] };
  families.set(name, found);
  return found;
}

function baseOf(name: string, families: ReadonlyMap<string, Growing>): string {
  const [, base = "", suffix] = /^(.*)_(bucket|sum|count)$/.exec(name) ?? [];
  const type = families.get(base)?.type;
  return type === "histogram" || (type === "summary" && suffix !== "bucket") ? base : name;
}

/** Samples of one name are in one family: no two of a name may be given. */
export function writeText(families: readonly Family[]): string {
  return families
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, type, help, samples }) => [
      ...(help === undefined ? [] : [`# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`]),
      `# TYPE ${name} ${type}`,
      ...samples.map((sample) => `${seriesName(sample)} ${sample.value}`),
    ])
    .map((line) => `${line}\n`)
    .join("");
}

/** Which series it is: name and labels, these sorted, a bucket's or quantile's own last. */
export function seriesName({ name, labels }: Pick<Sample, "name" | "labels">): string {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const shown = pairs.map(([label, value]) => `${label}="${escaped(value)}"`);
  return shown.length === 0 ? name : `${name}{${shown.join(",")}}`;
}

function rank(label: string): number {
  return label === "le" || label === "quantile" ? 1 : 0;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
