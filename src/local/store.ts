import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Failure } from "../kit/failures.ts";
import { lackOfRoom } from "../kit/room.ts";
import type { Change } from "./entry.ts";
import { damaged, full, isFull, notWritten } from "./store-failures.ts";
import type { LogLimits } from "./store-log.ts";
import { type Disk, type Store, storeOver } from "./store-writes.ts";

export interface StoreOptions {
  /** Path of the database; beside it lie SQLite's own `-wal` and `-shm`, and `-lock`. */
  readonly file: string;
  readonly log?: Partial<LogLimits>;
}

const format = 1;
/** "clds", so that a database of somebody else's is never taken for ours. */
const applicationId = 0x636c6473;
const usualLimits: LogLimits = { changes: 10_000, bytes: 16 * 1024 * 1024 };

/** Throws a Failure when the file is damaged, newer than this program, in use, or not ours; it is then left as it is. */
export function openStore({ file, log }: StoreOptions): Store {
  const lock = takeLock(`${file}-lock`);
  try {
    const database = openDatabase(file);
    try {
      return storeOver(diskOn(file, database, lock), { ...usualLimits, ...log });
    } catch (error) {
      database.close();
      throw Failure.is(error) ? error : damaged(file, error);
    }
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * A copy in a new file, also while another process has the store open: whatever was acknowledged before the call is in it,
 * and it is a state that the store was in. Throws a Failure when there is nothing that can be copied.
 */
export function copyStore({ file, to }: { readonly file: string; readonly to: string }): void {
  if (!existsSync(file)) throw new Failure("configuration-invalid", `there is no store ${file}`);
  const source = openAs(file, { readOnly: true });
  try {
    source.prepare("VACUUM INTO ?").run(to);
  } catch (error) {
    throw isFull(error, to) ? full(to, error) : error;
  } finally {
    source.close();
  }
  openAs(to, { readOnly: true }).close();
}

function openAs(file: string, options: { readonly readOnly: boolean }): DatabaseSync {
  const database = new DatabaseSync(file, options);
  try {
    examine(database, file);
    return database;
  } catch (error) {
    database.close();
    throw Failure.is(error) ? error : damaged(file, error);
  }
}

/** Held while the store is open, and let go by the system however the process ends. */
function takeLock(file: string): DatabaseSync {
  const lock = new DatabaseSync(file);
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock.close();
    if (isFull(cause, file)) throw full(file, cause);
    throw new Failure("configuration-invalid", `${file} is in use by another process`, {
      ...{ cause, hint: "end the other coldstream that uses this folder, or name another one" },
    });
  }
}

function openDatabase(file: string): DatabaseSync {
  const isNew = !existsSync(file);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    // begun, but killed before there was anything in it
    const isEmpty = isNew || pragma(database, "schema_version") === 0;
    if (!isEmpty) examine(database, file);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000");
    if (isEmpty) database.exec(layout);
    return database;
  } catch (error) {
    database?.close();
    throw Failure.is(error) ? error : damaged(file, error);
  }
}

const layout = `
  BEGIN;
  CREATE TABLE objects (
    resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (resource, namespace, name)
  ) STRICT;
  CREATE TABLE changes (
    version INTEGER PRIMARY KEY, type TEXT NOT NULL, resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${format};
  COMMIT;
`;

function examine(database: DatabaseSync, file: string): void {
  if (pragma(database, "application_id") !== applicationId) {
    throw new Failure("damaged", `${file} is not a store of coldstream's`, { hint: "name another folder" });
  }
  const found = pragma(database, "user_version");
  if (found > format) {
    throw new Failure("configuration-invalid", `${file} has format ${found}; this coldstream knows ${format}`, {
      hint: "use the newer coldstream that made it; nothing was changed",
    });
  }
  const [verdict] = database.prepare("PRAGMA quick_check(1)").all();
  if (verdict?.["quick_check"] !== "ok") throw damaged(file, verdict?.["quick_check"]);
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

interface Statements {
  readonly put: StatementSync;
  readonly remove: StatementSync;
  readonly log: StatementSync;
  readonly forget: StatementSync;
}

function statementsOf(database: DatabaseSync): Statements {
  return {
    put: database.prepare(`INSERT INTO objects (resource, namespace, name, version, text) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (resource, namespace, name) DO UPDATE SET version = excluded.version, text = excluded.text`),
    remove: database.prepare("DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?"),
    log: database.prepare(
      "INSERT INTO changes (version, type, resource, namespace, name, text) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    forget: database.prepare("DELETE FROM changes WHERE version <= ?"),
  };
}

/** Beside what a failed write needed: what is ready again stays so for a while. */
const spareBytes = 262_144;

function diskOn(file: string, database: DatabaseSync, lock: DatabaseSync): Disk {
  const statements = statementsOf(database);
  return {
    objects: () => database.prepare("SELECT resource, namespace, name, version, text FROM objects").iterate(),
    changes: () =>
      database.prepare("SELECT version, type, resource, namespace, name, text FROM changes ORDER BY version").iterate(),
    commit(changes, forgotten) {
      try {
        commit(database, statements, { changes, forgotten });
      } catch (error) {
        throw notWritten(file, error);
      }
    },
    probe(bytes) {
      const lack = lackOfRoom(dirname(file), bytes + spareBytes);
      if (lack !== undefined) throw notWritten(file, lack);
      try {
        // what it is already; SQLite writes it nevertheless
        database.exec(`PRAGMA user_version = ${format}`);
      } catch (error) {
        throw notWritten(file, error);
      }
    },
    close() {
      database.close();
      lock.close();
    },
  };
}

interface Commit {
  readonly changes: readonly Change[];
  readonly forgotten: number | undefined;
}

function commit(database: DatabaseSync, statements: Statements, { changes, forgotten }: Commit): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    for (const { version, type, after } of changes) {
      const { resource, namespace, name, text } = after;
      if (type === "DELETED") statements.remove.run(resource, namespace, name);
      else statements.put.run(resource, namespace, name, version, text);
      statements.log.run(version, type, resource, namespace, name, text);
    }
    if (forgotten !== undefined) statements.forget.run(forgotten);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
