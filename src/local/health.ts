import type { Answer } from "./ask.ts";
import type { Store } from "./store-writes.ts";

interface Check {
  readonly name: string;
  /** Why it failed; undefined when it did not. */
  readonly failure: string | undefined;
}

/**
 * `/livez`, `/readyz`, `/healthz`, and a check alone (`/readyz/store`), in Kubernetes' own format. undefined: it is none of
 * these. A store that cannot be written is no reason to start the process again: it lives, and is not ready.
 */
export function health(
  pathname: string,
  query: URLSearchParams,
  { trouble }: Pick<Store, "trouble">,
): Answer | undefined {
  const [, group = "", only] = /^\/(livez|readyz|healthz)(?:\/([^/]+))?\/?$/.exec(pathname) ?? [];
  if (group === "") return undefined;
  const ping: Check = { name: "ping", failure: undefined };
  const store: Check = { name: "store", failure: trouble?.message };
  const all = group === "livez" ? [ping] : [ping, store];
  if (only === undefined) return answerOf(group, all, query);
  const asked = all.find(({ name }) => name === only);
  if (asked === undefined) return undefined;
  const { failure } = asked;
  return failure === undefined ? { code: 200, body: "ok" } : { code: 500, body: `internal server error: ${failure}\n` };
}

function answerOf(group: string, checks: readonly Check[], query: URLSearchParams): Answer {
  const excluded = query.getAll("exclude");
  const isFailed = checks.some(({ name, failure }) => failure !== undefined && !excluded.includes(name));
  if (!isFailed && !query.has("verbose")) return { code: 200, body: "ok" };
  const lines = checks.map(({ name, failure }) => {
    if (excluded.includes(name)) return `[+]${name} excluded: ok`;
    return failure === undefined ? `[+]${name} ok` : `[-]${name} failed: ${failure}`;
  });
  const verdict = `${group} check ${isFailed ? "failed" : "passed"}`;
  return { code: isFailed ? 500 : 200, body: [...lines, verdict, ""].join("\n") };
}
