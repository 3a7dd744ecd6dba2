import type { ConnectionOptions } from "@nats-io/transport-node";
import { expect } from "vitest";
import type { BackupSession } from "../../src/api/backup-session.ts";
import type { RestoreSession } from "../../src/api/restore-session.ts";
import { type Document, type Journey, lookAt, makeOrders, openJourney, withManager } from "./journey.ts";
import type { System } from "./system.ts";

/** The way that the guides for logins and for TLS have in common: only how the server is reached differs. */

export interface Guide {
  /** The file of its manifests. */
  readonly name: string;
  /** Default: its name. */
  readonly namespace?: string;
  /** Puts real keys and certificates in the place of its examples. */
  readonly change: (document: Document) => Document;
}

/** A guide whose BackupConfiguration is Ready; its sessions are made by hand alone. */
export async function openGuide(system: System, { name, namespace = name, change }: Guide): Promise<Journey> {
  const journey = await openJourney(system, name, namespace, { change: (document) => change(withoutSlots(document)) });
  await journey.apply("AppBinding", "Secret", "Repository", "BackupConfiguration");
  for (const { metadata } of journey.documents.filter(({ kind }) => kind === "BackupConfiguration")) {
    const key = { namespace, name: metadata.name };
    await system.desk.until("BackupConfiguration", key, ({ status }) => status?.phase === "Ready");
  }
  return journey;
}

/** Its schedule comes once a year: a slot in between would be a session more. */
export function withoutSlots(document: Document): Document {
  if (document.kind !== "BackupConfiguration") return document;
  return { ...document, spec: { ...document.spec, schedule: "0 0 1 1 *" } };
}

/** Saves the guide's stream, deletes it and brings it back: it must be what it was. */
export async function expectRoundTrip(journey: Journey, reached: ConnectionOptions): Promise<void> {
  const name = (wanted: string) => journey.documents.find(({ kind }) => kind === wanted)?.metadata.name ?? "";
  await makeOrders(reached);
  const orders = await lookAt(reached, "ORDERS");
  expect(orders).toMatchObject({ first: 1, last: 2, messages: [{ text: "hello" }, { text: "world" }] });
  const session = await journey.backUp(name("BackupConfiguration"));
  expect(errorOf(session)).toBeUndefined();
  expect(await journey.row("backupsession", session.metadata.name ?? "")).toMatchObject({ PHASE: "Succeeded" });
  expect(await journey.row("repository", "gcs-repo")).toMatchObject({ INTEGRITY: "true", "SNAPSHOT-COUNT": "1" });
  await withManager(reached, async (manager) => await manager.streams.delete("ORDERS"));
  await journey.apply("RestoreSession");
  expect(errorOf(await journey.restored(name("RestoreSession")))).toBeUndefined();
  const row = await journey.row("restoresession", name("RestoreSession"));
  expect(row).toMatchObject({ REPOSITORY: "gcs-repo", PHASE: "Succeeded" });
  expect(await lookAt(reached, "ORDERS")).toEqual(orders);
}

/** The sentence of what went wrong, as `kubectl describe` shows it. */
export function errorOf({ status }: BackupSession | RestoreSession): string | undefined {
  const stats = status !== undefined && "targets" in status ? status.targets?.[0]?.stats : undefined;
  const own = status !== undefined && "stats" in status ? status.stats : undefined;
  return (stats ?? own)?.find(({ error }) => error !== undefined)?.error;
}
