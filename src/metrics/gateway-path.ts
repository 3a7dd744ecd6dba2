/** A path below /metrics/job as the labels of a group, or a sentence without a full stop. undefined: another path. */
export function groupOf(path: string): Readonly<Record<string, string>> | string | undefined {
  const [empty, metrics, first = "", ...rest] = path.split("/");
  if (empty !== "" || metrics !== "metrics" || !/^job(?:@base64)?$/.test(first)) return undefined;
  const parts = [first, ...rest];
  if (parts.length % 2 === 1) return "a label in the path has no value: /metrics/job/NAME/LABEL/VALUE is wanted";
  const labels = new Map<string, string>();
  for (let at = 0; at < parts.length; at += 2) {
    const [, name = "", encoding] = /^(.*?)(@base64)?$/.exec(parts[at] ?? "") ?? [];
    const value = decoded(parts[at + 1] ?? "", encoding !== undefined);
    if (!/^(?!__)[a-zA-Z_]\w*$/.test(name)) return `${JSON.stringify(name)} in the path is no name of a label`;
    if (value === undefined) return `the value of ${name} in the path cannot be read`;
    // the first one counts for job, the last one for others, as in the Pushgateway
    if (name !== "job" || !labels.has("job")) labels.set(name, value);
  }
  return labels.get("job") === "" ? "the path names no job" : Object.fromEntries(labels);
}

function decoded(text: string, isBase64: boolean): string | undefined {
  try {
    const plain = decodeURIComponent(text);
    if (!isBase64) return plain;
    // "=" alone is the empty value
    return /^[\w-]*=*$/.test(plain) ? Buffer.from(plain, "base64url").toString("utf8") : undefined;
  } catch {
    return undefined;
  }
}
