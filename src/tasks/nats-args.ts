import { isGoDuration, parseGoDuration } from "../api/duration.ts";
import { Failure } from "../kit/failures.ts";

/**
 * The param `args`: what Stash's users append to `nats stream backup` and `nats stream restore`. We run no nats CLI; what
 * its flags ask for is done, or known to be done anyway, or refused with what to set instead.
 */
export interface NatsArgs {
  readonly jsDomain?: string;
  readonly jsApiPrefix?: string;
  readonly inboxPrefix?: string;
  readonly timeoutMs?: number;
  /** `--cluster` and `--tag` of a restore. */
  readonly placementCluster?: string;
  readonly placementTags: readonly string[];
  /** What is asked for and not done; worth a line in the log. */
  readonly notes: readonly string[];
}

export type Direction = "backup" | "restore";

type Found = { -readonly [Name in keyof NatsArgs]: NatsArgs[Name] } & { notes: string[]; placementTags: string[] };

interface Flag {
  readonly takesValue: boolean;
  readonly only?: Direction;
  readonly take: (found: Found, value: string) => void;
}

/** Done anyway: every capture ends with a comparison with the server, and progress goes to the log. */
const anyway: Flag = { takesValue: false, take: () => {} };

function value(take: Flag["take"], only?: Direction): Flag {
  return { takesValue: true, take, ...(only === undefined ? {} : { only }) };
}

function refused(takesValue: boolean, why: string, instead: string): Flag {
  return {
    takesValue,
    take() {
      throw new Failure("configuration-invalid", `the param args: ${why}`, { hint: instead });
    },
  };
}

const flags: Readonly<Record<string, Flag>> = {
  check: { ...anyway, only: "backup" },
  "no-check": { ...anyway, only: "backup" },
  progress: anyway,
  "no-progress": anyway,
  force: { ...anyway, only: "backup" },
  consumers: { ...anyway, only: "backup" },
  "no-consumers": {
    takesValue: false,
    only: "backup",
    take: ({ notes }) => notes.push("--no-consumers has no effect: consumers are always saved"),
  },
  "js-domain": value((found, text) => {
    found.jsDomain = text;
  }),
  "js-api-prefix": value((found, text) => {
    found.jsApiPrefix = text;
  }),
  "inbox-prefix": value((found, text) => {
    found.inboxPrefix = text;
  }),
  timeout: value((found, text) => {
    if (!isGoDuration(text) || text.startsWith("-"))
      throw new Failure("configuration-invalid", `the param args: --timeout ${text} is not a duration such as 5s`);
    found.timeoutMs = parseGoDuration(text);
  }),
  cluster: value((found, text) => {
    found.placementCluster = text;
  }, "restore"),
  tag: value((found, text) => found.placementTags.push(text), "restore"),
  config: refused(
    true,
    "--config names a file, which this container does not have",
    "change what is needed with the params replicas, storage, placementCluster, placementTag, rename",
  ),
  context: refused(
    true,
    "--context names a file of the nats CLI, which this container does not have",
    "say how to connect in the AppBinding and its Secret",
  ),
};

/** What an AppBinding and its Secret say; saying it twice could only differ. */
const connecting = new Set(
  ["server", "user", "password", "creds", "nkey", "token", "tlscert", "tlskey", "tlsca", "tlsfirst"].flatMap((name) => [
    name,
    `no-${name}`,
  ]),
);

/** Reads the param `args`, split at blanks. Throws `configuration-invalid` naming every flag that is not known. */
export function readNatsArgs(words: readonly string[], direction: Direction): NatsArgs {
  const found: Found = { notes: [], placementTags: [] };
  const unknown: string[] = [];
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const [, name = "", , inline] = /^--([a-z][a-z0-9-]*)(=(.*))?$/.exec(long(word)) ?? [];
    const flag = flagOf(name, direction);
    if (flag !== undefined) flag.take(found, flag.takesValue ? (inline ?? valueAfter(name, left)) : "");
    else unknown.push(word);
    if (flag === undefined && inline === undefined) dropValue(left);
  }
  if (unknown.length > 0) throw notKnown(unknown, direction);
  return found;
}

function flagOf(name: string, direction: Direction): Flag | undefined {
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  return flag?.only === undefined || flag.only === direction ? flag : undefined;
}

/** What stands behind a flag that nobody knows is taken for its value. */
function dropValue(left: string[]): void {
  if (left[0]?.startsWith("-") === false) left.shift();
}

function long(word: string): string {
  return word === "-f" ? "--force" : word;
}

function valueAfter(name: string, left: string[]): string {
  const next = left.shift();
  if (next === undefined) throw new Failure("configuration-invalid", `the param args: --${name} lacks its value`);
  return next;
}

function notKnown(unknown: readonly string[], direction: Direction): Failure {
  const names = unknown.map((word) => word.replace(/=.*$/s, ""));
  const isConnecting = names.every((name) => connecting.has(name.replace(/^-+/, "")));
  const known = Object.entries(flags)
    .filter(([, flag]) => flag.only === undefined || flag.only === direction)
    .map(([name]) => `--${name}`);
  return new Failure("configuration-invalid", `the param args: ${names.join(", ")} cannot be given to a ${direction}`, {
    hint: isConnecting
      ? "say how to connect in the AppBinding and its Secret"
      : `what can be given: ${known.join(", ")}`,
  });
}
