/** The names under which snapshots of Jobs stand in a repository (src/repository/published.ts makes them tags). */

export interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** What was backed up: `appbinding/demo/sample-nats`. */
export function targetName({ namespace, name }: Named): string {
  return `appbinding/${namespace}/${name}`;
}

/** What asked for it: `backupconfiguration/demo/sample-nats-backup`. */
export function invokerName(kind: string, { namespace, name }: Named): string {
  return `${kind.toLowerCase()}/${namespace}/${name}`;
}
