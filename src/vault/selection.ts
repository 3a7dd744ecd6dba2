import { Failure } from "../kit/failures.ts";
import { type JetStream, nameToken } from "../nats/jetstream.ts";
import { streamNames } from "../nats/streams.ts";
import type { Temporary } from "./overwrite.ts";
import { findTemporary, isAway } from "./swap-leftovers.ts";

/** What a backup saves. */
export interface Selection {
  readonly streams: readonly string[];
  /** Streams whose overwrite was interrupted: without them a backup is not complete. */
  readonly away: readonly { readonly stream: string; readonly failure: Failure }[];
  readonly notes: readonly string[];
}

/**
 * The streams that are asked for, all of the account when none is named. Unknown names are refused before anything is read
 * or made. The copies of interrupted overwrites are nobody's streams: they are left out, and a note says so.
 */
export async function selectStreams(
  jetstream: JetStream,
  wanted: readonly string[],
  { signal }: { readonly signal: AbortSignal },
): Promise<Selection> {
  for (const stream of wanted) nameToken(stream);
  const existing = await streamNames(jetstream, { signal });
  const temporary = await findTemporary(jetstream, existing, { signal });
  const names = new Set(existing);
  const copies = new Set([...temporary.values()].map(({ info }) => String(info.config.name)));
  const away = [...temporary.values()].filter(
    (one) => isAway(one, names) && (wanted.length === 0 || wanted.includes(one.swap.stream)),
  );
  const found = existing.filter((name) => !copies.has(name));
  refuseUnknown(wanted, { found, copies, away: away.map(({ swap }) => swap.stream) });
  const streams = wanted.length === 0 ? found : [...new Set(wanted)].filter((name) => names.has(name));
  return {
    streams,
    away: away.map((one) => ({ stream: one.swap.stream, failure: awayFailure(one) })),
    notes: [...temporary.values()].map(
      ({ info, swap }) =>
        `stream ${String(info.config.name)} was not saved: it is the copy of an unfinished overwrite of ${swap.stream}`,
    ),
  };
}

function refuseUnknown(
  wanted: readonly string[],
  there: { readonly found: readonly string[]; readonly copies: ReadonlySet<string>; readonly away: readonly string[] },
): void {
  const { found, copies, away } = there;
  const copy = wanted.find((name) => copies.has(name));
  if (copy !== undefined) {
    throw new Failure("usage", `backing up: stream ${copy} is the copy of an unfinished overwrite`, {
      hint: finishHint,
    });
  }
  if (wanted.length === 0 && found.length === 0 && away.length === 0) {
    throw new Failure("stream-not-found", "backing up: the account has no streams", {
      hint: "check the server, account and domain",
    });
  }
  const known = new Set([...found, ...away]);
  const unknown = wanted.filter((stream) => !known.has(stream));
  if (unknown.length === 0) return;
  throw new Failure("stream-not-found", `backing up: there is no stream ${unknown.join(", ")}`, {
    hint: "list the streams with: nats stream ls -a",
  });
}

const finishHint = "finish it with: coldstream restore --finish";

function awayFailure({ info }: Temporary): Failure {
  const message = `its overwrite was interrupted, and its content is in stream ${String(info.config.name)}`;
  return new Failure("stream-not-found", message, { hint: finishHint });
}
