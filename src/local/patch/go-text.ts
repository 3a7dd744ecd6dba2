import { isList, isObject, type JsonValue } from "../json.ts";

/** As Go prints JSON that it has read (`%v`): `map[a:1 b:[x <nil>]]`. */
export function goText(value: JsonValue): string {
  if (isList(value)) return `[${value.map(goText).join(" ")}]`;
  if (!isObject(value)) return value === null ? "<nil>" : String(value);
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `map[${fields.map(([name, each]) => `${name}:${goText(each)}`).join(" ")}]`;
}
