/** uids that will never be seen again: each is given to one object. Spares a request for each thing that a gone owner had. */
export interface Absent {
  add(uid: string): void;
  has(uid: string): boolean;
}

const most = 10_000;

export function openAbsent(): Absent {
  const uids = new Set<string>();
  return {
    has: (uid) => uids.has(uid),
    add(uid) {
      uids.add(uid);
      const [oldest] = uids;
      if (uids.size > most && oldest !== undefined) uids.delete(oldest);
    },
  };
}
