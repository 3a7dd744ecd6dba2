/** What names, label keys and values may look like, worded as Kubernetes words it (apimachinery's validation packages). */

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain = `${label}(\\.${label})*`;
const qualified = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const configKey = "[-._a-zA-Z0-9]+";
const label1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";

const labelSays =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const subdomainSays =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const qualifiedSays =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const valueSays = `a valid label must be an empty string or ${qualifiedSays.slice("must ".length)}`;
const configKeySays = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
const label1035Says =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";

/** Each gives what is wrong with `value`, one message a mistake; none when nothing is. */
export type NameRule = (value: string) => readonly string[];

/** Names of most objects. */
export const subdomainMistakes: NameRule = (value) => [
  ...tooLong(value, 253, "characters"),
  ...unlike(value, subdomain, subdomainSays, ["example.com"]),
];

/** Names of Namespaces, containers, volumes. */
export const labelMistakes: NameRule = (value) => {
  const length = tooLong(value, 63, "characters");
  const form = unlike(value, label, labelSays, ["my-name", "123-abc"]);
  if (form.length === 0 || !fits(value, subdomain)) return [...length, ...form];
  return [...length, "must not contain dots"];
};

/** Names of Services. */
export const label1035Mistakes: NameRule = (value) => [
  ...tooLong(value, 63, "characters"),
  ...unlike(value, label1035, label1035Says, ["my-name", "abc-123"]),
];

/** Names of Roles and their bindings: whatever can stand in a path. */
export const pathSegmentMistakes: NameRule = (value) => {
  if (value === "." || value === "..") return [`may not be '${value}'`];
  return ["/", "%"].filter((sign) => value.includes(sign)).map((sign) => `may not contain '${sign}'`);
};

export const labelKeyMistakes: NameRule = (value) => {
  const parts = value.split("/");
  const examples = ["MyName", "my.name", "123-abc"];
  if (parts.length > 2) {
    const said = like(`a valid label key ${qualifiedSays}`, qualified, examples);
    return [`${said} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.at(-1) ?? "";
  return [
    ...(parts.length === 2 ? prefixMistakes(parts[0] ?? "") : []),
    ...[
      ...(name === "" ? ["must be non-empty"] : tooLong(name, 63, "bytes")),
      ...unlike(name, qualified, qualifiedSays, examples),
    ].map((mistake) => `name part ${mistake}`),
  ];
};

function prefixMistakes(prefix: string): readonly string[] {
  const mistakes =
    prefix === ""
      ? ["must be non-empty"]
      : [...tooLong(prefix, 253, "bytes"), ...unlike(prefix, subdomain, subdomainSays, ["example.com"])];
  return mistakes.map((mistake) => `prefix part ${mistake}`);
}

export const labelValueMistakes: NameRule = (value) => [
  ...tooLong(value, 63, "bytes"),
  ...unlike(value, `(${qualified})?`, valueSays, ["MyValue", "my_value", "12345"]),
];

/** Keys of ConfigMaps and Secrets. */
export const configKeyMistakes: NameRule = (value) => [
  ...tooLong(value, 253, "characters"),
  ...unlike(value, configKey, configKeySays, ["key.name", "KEY_NAME", "key-name"]),
  ...folderMistakes(value),
];

/** A key becomes a file's name. */
function folderMistakes(value: string): readonly string[] {
  if (value === ".") return ["must not be '.'"];
  if (value === "..") return ["must not be '..'"];
  return value.startsWith("..") ? ["must not start with '..'"] : [];
}

function tooLong(value: string, most: number, unit: "bytes" | "characters"): readonly string[] {
  return Buffer.byteLength(value) > most ? [`must be no more than ${most} ${unit}`] : [];
}

function fits(value: string, pattern: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(value);
}

function unlike(value: string, pattern: string, said: string, examples: readonly string[]): readonly string[] {
  return fits(value, pattern) ? [] : [like(said, pattern, examples)];
}

/** Go's wording ends every example with a comma. */
function like(said: string, pattern: string, examples: readonly string[]): string {
  const named = examples.map((example) => `'${example}', `).join(" or ");
  return `${said} (e.g. ${named}regex used for validation is '${pattern}')`;
}
