/** Which part of a log is asked for, and how its lines are told. Pure. */

/** How long the log was when somebody looked: what lies before `offset` was written by then. */
export interface LogMark {
  readonly offset: number;
  readonly time: Date;
}

export interface LogQuery {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly previous: boolean;
  readonly tailLines?: number | undefined;
  readonly limitBytes?: number | undefined;
  readonly since?: Date | undefined;
}

/** The query of a kubelet's /containerLogs. undefined: a number that is none. */
export function logQueryOf(parameters: URLSearchParams, now: Date): LogQuery | undefined {
  const flag = (name: string) => ["true", "1"].includes(parameters.get(name) ?? "");
  const number = (name: string) =>
    parameters.get(name) === null ? undefined : Number(parameters.get(name) || Number.NaN);
  const [tailLines, limitBytes, seconds] = [number("tailLines"), number("limitBytes"), number("sinceSeconds")];
  const sinceTime = parameters.get("sinceTime");
  const since =
    seconds === undefined
      ? sinceTime === null
        ? undefined
        : new Date(sinceTime)
      : new Date(now.getTime() - seconds * 1000);
  const isWrong = [tailLines, limitBytes, seconds, since?.getTime()].some((one) => one !== undefined && !(one >= 0));
  if (isWrong) return undefined;
  return {
    follow: flag("follow"),
    timestamps: flag("timestamps"),
    previous: flag("previous"),
    tailLines,
    limitBytes,
    since,
  };
}

/** One mark a line: offset, a space, the time. */
export function formatMark({ offset, time }: LogMark): string {
  return `${offset} ${time.toISOString()}\n`;
}

export function parseMarks(text: string): readonly LogMark[] {
  return text.split("\n").flatMap((line) => {
    const match = /^(\d+) (\S+Z)$/.exec(line);
    return match === null ? [] : [{ offset: Number(match[1]), time: new Date(match[2] ?? "") }];
  });
}

/** When what begins at `offset` was written; `now` for what nobody has looked at yet. */
export function timeAt(marks: readonly LogMark[], offset: number, now: Date): Date {
  return marks.find((mark) => mark.offset > offset)?.time ?? now;
}

/** Where the first line begins that was written at `since` or later. */
export function offsetSince(marks: readonly LogMark[], since: Date): number {
  return marks.findLast(({ time }) => time < since)?.offset ?? 0;
}

/** Puts the time before each line of a log that is read from `offset` on, in pieces. */
export function stampLines(offset: number, timeOf: (offset: number) => Date): (chunk: Uint8Array) => Uint8Array {
  let at = offset;
  let isAtStart = true;
  return (chunk) => {
    const parts: Uint8Array[] = [];
    for (let from = 0; from < chunk.length; ) {
      const end = chunk.indexOf(0x0a, from);
      const to = end < 0 ? chunk.length : end + 1;
      if (isAtStart) parts.push(Buffer.from(`${timeOf(at).toISOString()} `));
      parts.push(chunk.subarray(from, to));
      isAtStart = end >= 0;
      at += to - from;
      from = to;
    }
    return Buffer.concat(parts);
  };
}
