import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { type ConnectionOptions, connect } from "@nats-io/transport-node";
import { parseAllDocuments } from "yaml";
import type { BackupSession } from "../../src/api/backup-session.ts";
import type { RestoreSession } from "../../src/api/restore-session.ts";
import { toStream } from "../../src/operator/catalogue/stream.ts";
import type { System } from "./system.ts";

/** What the guides' journeys have in common: their manifests on the system's own S3 server, and what people then look at. */

const password = "changeit";

export interface Document {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: Readonly<Record<string, unknown>>;
}

export interface Journey {
  readonly namespace: string;
  /** The manifests of a guide (tests/fixtures/manifests), by kind and name, in this namespace, with the bucket in place of the guide's. */
  readonly documents: readonly Document[];
  apply(...kinds: readonly string[]): Promise<void>;
  /** What `kubectl get` prints, cells by the heading of their column. */
  row(kind: string, name: string): Promise<Readonly<Record<string, string>>>;
  backUp(configuration: string): Promise<BackupSession>;
  /** Waits for the end of a BackupSession, which may have come by the schedule. */
  ended(session: string): Promise<BackupSession>;
  restored(name: string): Promise<RestoreSession>;
}

/** Long enough for a machine that others use as well; what must be quick is measured by the test that says so. */
const patience = { timeoutMs: 90_000 };

function hasEnded({ status }: BackupSession | RestoreSession): boolean {
  return status?.sessionDuration !== undefined;
}

export interface JourneyOptions {
  /** Puts what the guide leaves to its reader (keys, certificates) in the place of its examples. */
  readonly change?: (document: Document) => Document;
  /** Whether the repository is left to the first backup; otherwise one is there that opens quickly. */
  readonly isEmpty?: boolean;
}

export async function openJourney(
  system: System,
  guide: string,
  namespace: string,
  { change = (document) => document, isEmpty = false }: JourneyOptions = {},
): Promise<Journey> {
  const { desk } = system;
  await desk.plane.createNamespace(namespace);
  if (!isEmpty) await system.store.layRepository(`demo/nats/${namespace}`, password);
  const documents = documentsOf(guide, system, namespace).map(change);
  let runs = 0;
  const journey: Journey = {
    namespace,
    documents,
    async apply(...kinds) {
      const chosen = documents.filter(({ kind }) => kinds.length === 0 || kinds.includes(kind));
      await desk.plane.apply(toStream(chosen));
    },
    async row(kind, name) {
      const [head = "", line = ""] = (await desk.kubectl("get", kind, name, "-n", namespace)).split("\n");
      return cellsByHeading(head, line);
    },
    async backUp(configuration) {
      runs += 1;
      const name = `by-hand-${runs}`;
      const invoker = { apiGroup: "stash.appscode.com", kind: "BackupConfiguration", name: configuration };
      await desk.apply({
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "BackupSession",
        metadata: { namespace, name },
        spec: { invoker },
      });
      return await journey.ended(name);
    },
    ended: async (name) => await desk.until("BackupSession", { namespace, name }, hasEnded, patience),
    restored: async (name) => await desk.until("RestoreSession", { namespace, name }, hasEnded, patience),
  };
  return journey;
}

/** Cells stand below their headings; an empty one is only blanks. */
function cellsByHeading(head: string, line: string): Record<string, string> {
  const starts = [...head.matchAll(/\S+(?: \S+)*/g)].map((match) => ({ name: match[0], at: match.index }));
  return Object.fromEntries(
    starts.map(({ name, at }, index) => [name, line.slice(at, starts[index + 1]?.at ?? line.length).trim()]),
  );
}

/** A guide's manifests as they stand. */
export function manifestsOf(guide: string): readonly Document[] {
  const text = readFileSync(join(import.meta.dirname, "../fixtures/manifests", `${guide}.yaml`), "utf8");
  return parseAllDocuments(text).map((each): Document => each.toJS());
}

function documentsOf(guide: string, { store }: System, namespace: string): readonly Document[] {
  return manifestsOf(guide).map((document) => {
    const placed = { ...document, metadata: { ...document.metadata, namespace } };
    if (document.kind === "Repository") {
      const s3 = { endpoint: store.endpoint, bucket: store.bucket, prefix: `/demo/nats/${namespace}` };
      return { ...placed, spec: { ...document.spec, backend: { s3, storageSecretName: "gcs-secret" } } };
    }
    if (document.kind === "Secret" && document.metadata.name === "gcs-secret") {
      const { accessKey, secretKey } = store;
      const stringData = {
        RESTIC_PASSWORD: password,
        AWS_ACCESS_KEY_ID: accessKey,
        AWS_SECRET_ACCESS_KEY: secretKey,
      };
      return { ...placed, stringData };
    }
    return placed;
  });
}

/** The guides' stream: ORDERS with `hello` and `world`. */
export async function makeOrders(options: ConnectionOptions): Promise<void> {
  await withManager(options, async (manager, connection) => {
    await manager.streams.add({ name: "ORDERS", subjects: ["ORDERS.*"], max_age: 365 * 24 * 3600 * 1e9 });
    for (const text of ["hello", "world"]) await jetstream(connection).publish("ORDERS.scratch", text);
  });
}

export async function withManager<T>(
  options: ConnectionOptions,
  use: (manager: JetStreamManager, connection: Awaited<ReturnType<typeof connect>>) => Promise<T>,
): Promise<T> {
  const connection = await connect(options);
  try {
    return await use(await jetstreamManager(connection), connection);
  } finally {
    await connection.close();
  }
}

/** What `nats stream info` shows of a stream and its messages; undefined when there is none. */
export async function lookAt(options: ConnectionOptions, stream: string): Promise<unknown> {
  return await withManager(options, async (manager) => {
    const names = await manager.streams.names().next();
    if (!names.includes(stream)) return undefined;
    const { config, created, state } = await manager.streams.info(stream);
    const messages = [];
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
      const message = await manager.streams.getMessage(stream, { seq });
      if (message !== null)
        messages.push({ seq, subject: message.subject, text: message.string(), time: message.timestamp });
    }
    const { metadata: _metadata, ...rest } = config;
    return { config: rest, created, messages, bytes: state.bytes, first: state.first_seq, last: state.last_seq };
  });
}
