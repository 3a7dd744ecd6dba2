/** The header for something that was taken and is wrong nevertheless (RFC 7234, as Kubernetes writes it). */
export function warningHeader(message: string): string {
  // the one sign that JSON leaves as it is and a header may not hold
  const quoted = JSON.stringify(message).replaceAll("\x7f", String.raw`\\x7f`);
  // headers are sent a byte a letter, and clients read UTF-8
  return Buffer.from(`299 - ${quoted}`, "utf8").toString("latin1");
}
