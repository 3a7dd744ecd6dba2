import type { z } from "zod";

/** What zod found wrong, with the value it looked at. */
export type Issue = z.core.$ZodIssue;

/** One sentence that names the field: `spec.driver must be Restic or VolumeSnapshotter, not "Tar"`. */
export function sentenceOf(issue: Issue): string {
  const path = pathOf(issue.path);
  if (issue.input === undefined && issue.code !== "custom") return `${path} is missing`;
  // A rule that spans fields names them itself.
  return typeof issue.input === "object" && issue.code === "custom" ? issue.message : `${path} ${complaintOf(issue)}`;
}

function complaintOf(issue: Issue): string {
  const value = quoted(issue.input);
  // Our own words, where a schema has some.
  if (/^(must|cannot) /.test(issue.message)) return value === "" ? issue.message : `${issue.message}, not ${value}`;
  switch (issue.code) {
    case "invalid_type":
      return `must be ${typeNames[issue.expected] ?? issue.expected}, not ${value}${advice(issue)}`;
    case "invalid_value":
      return `must be ${listed(issue.values.map(String))}, not ${value}`;
    case "invalid_union":
      return `must be a whole number or a text, not ${value}`;
    case "too_big":
      return issue.origin === "string"
        ? `is longer than ${issue.maximum} characters`
        : `must be at most ${issue.maximum}, not ${value}`;
    case "too_small":
      return `must be at least ${issue.minimum}, not ${value}`;
    case "invalid_format":
      return `must be a time such as 2026-11-21T03:00:00Z, not ${value}`;
    default:
      return `is wrong: ${issue.message}`;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

/** YAML takes 5 and true for what they are, and "5" for a text. */
function advice(issue: Issue): string {
  if (issue.code !== "invalid_type") return "";
  const { expected, input } = issue;
  if (expected === "string")
    return typeof input === "number" || typeof input === "boolean" ? " (put it in quotes)" : "";
  const isNumber = expected === "number" && /^-?\d+$/.test(String(input));
  const isTruth = expected === "boolean" && (input === "true" || input === "false");
  return typeof input === "string" && (isNumber || isTruth) ? " (leave out the quotes)" : "";
}

function quoted(input: unknown): string {
  if (Array.isArray(input)) return "a list";
  if (typeof input === "object" && input !== null) return "an object";
  return JSON.stringify(input) ?? "";
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** `spec.task.params[0].value`. */
export function pathOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return text === "" ? "the object" : text.replace(/^\./, "");
}
