import { oneOf, toggle, underHeading } from "../option.ts";

/** Every command has these. */
export const outputOptions = underHeading("Output:", {
  output: oneOf("-o, --output <format>", "text for people, or one JSON document", ["text", "json"]),
  json: toggle("--json", "same as --output json"),
  quiet: toggle("-q, --quiet", "no progress, and nothing about what went well"),
  verbose: toggle("-v, --verbose", "more about what is done, and why something failed"),
});
