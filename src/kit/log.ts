import { describe } from "./failures.ts";

/** Events of a long-running program, for machines: the same words every time, what varies in fields, never a secret. */
export interface Log {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** One JSON document a line: level, time, the fields, msg. Errors in fields are told by their message and those of their causes. */
export function jsonLog(write: (line: string) => void, clock: () => Date): Log {
  const writer = (level: string) => (fields: LogFields, message: string) =>
    write(`${JSON.stringify({ level, time: clock().toISOString(), ...plain(fields), msg: message })}\n`);
  return { info: writer("info"), warn: writer("warn"), error: writer("error") };
}

/** For tests and for callers that do not care. */
export const silentLog: Log = { info() {}, warn() {}, error() {} };

function plain(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? describe(value) : value]),
  );
}
