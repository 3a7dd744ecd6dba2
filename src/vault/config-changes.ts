import { type JsonObject, type JsonValue, writeJson } from "../kit/json.ts";

/**
 * What a server made of the configuration it was given, one sentence each: older servers leave out fields that they do
 * not know, some by an error (strict mode), some silently.
 */
export function configChanges(wanted: JsonObject, got: JsonObject, dropped: readonly string[]): string[] {
  const refused = new Set(dropped);
  const lost = Object.keys(wanted).filter((field) => got[field] === undefined && !isDefault(wanted[field]));
  const unknown = [...new Set([...refused, ...lost])].sort();
  const changed = Object.keys(wanted).filter(
    (field) => isPlain(wanted[field]) && isPlain(got[field]) && got[field] !== wanted[field],
  );
  return [
    ...unknown.map((field) => `the server does not know ${field}: it was left out of the configuration`),
    ...changed.map(
      (field) => `the server set ${field} to ${writeJson(got[field])}, stored is ${writeJson(wanted[field])}`,
    ),
  ];
}

/** Values that servers leave out of their answers. */
function isDefault(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === false || value === 0n || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function isPlain(value: JsonValue | undefined): boolean {
  return typeof value === "string" || typeof value === "bigint" || typeof value === "boolean";
}
