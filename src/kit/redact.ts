const stars = "***";
const key = String.raw`[\w.-]*(?:password|passwd|secret|token|credential|access[_-]?key|account[_-]?key|private[_-]?key|nkey|seed)[\w.-]*`;

/** Without what looks like a secret. Programs of ours print none; a hook's may, and so may a library's message. */
export function redact(text: string): string {
  return (
    text
      .replaceAll(/-----BEGIN [A-Z ]*(?:PRIVATE KEY|SEED|JWT)-----[\s\S]*?(?:-----END [A-Z ]*-----|$)/g, stars)
      // credentials in an address
      .replaceAll(/(\w+:\/\/)[^\s/@:]*(?::[^\s/@]*)?@/g, `$1${stars}@`)
      .replaceAll(/\b(Bearer|Basic)\s+[\w+/=.~-]{8,}/gi, `$1 ${stars}`)
      .replaceAll(/\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g, stars)
      // NATS seeds
      .replaceAll(/\bS[ACNOUX][A-Z2-7]{56}\b/g, stars)
      .replaceAll(/\bAKIA[A-Z0-9]{16}\b/g, stars)
      .replaceAll(new RegExp(String.raw`("?\b${key}"?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;}]+)`, "gi"), `$1${stars}`)
  );
}
