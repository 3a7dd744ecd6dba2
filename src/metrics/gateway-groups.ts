import { z } from "zod";
import { Family, formatNumber, type Sample, seriesName, writeText } from "./gateway-text.ts";

const Group = z.object({
  /** What it is addressed by, `job` among it. */
  labels: z.record(z.string(), z.string()),
  /** Unix seconds; 0 for never. */
  pushedAt: z.number(),
  failedAt: z.number(),
  families: z.array(Family).readonly(),
});
type Group = Readonly<z.infer<typeof Group>>;
/** What lies in the file. */
export const Figures = z.object({ format: z.literal(1), groups: z.array(Group) });
export type Figures = z.infer<typeof Figures>;

/** Labels that address a group. */
export type GroupLabels = Readonly<Record<string, string>>;

export interface PushedText {
  readonly families: readonly Family[];
  /** "names": those of the same name are replaced, others stay; "all": all that was there goes. */
  readonly replace: "names" | "all";
}

const ownNames: ReadonlySet<string> = new Set(["push_time_seconds", "push_failure_time_seconds"]);

/** What was pushed, by group. */
export class Groups {
  readonly #groups: Map<string, Group>;
  readonly #clock: () => Date;

  constructor(clock: () => Date, figures?: Figures) {
    this.#clock = clock;
    this.#groups = new Map((figures?.groups ?? []).map((group) => [keyOf(group.labels), group]));
  }

  get figures(): Figures {
    return { format: 1, groups: [...this.#groups.values()] };
  }

  /** Takes all of it or, with the reason, nothing: then the group shows when that was. */
  push(labels: GroupLabels, { families, replace }: PushedText): string | undefined {
    const key = keyOf(labels);
    const before = this.#groups.get(key) ?? { labels, pushedAt: 0, failedAt: 0, families: [] };
    const now = this.#clock().getTime() / 1000;
    const pushed = families.filter(({ name }) => !ownNames.has(name)).map((family) => labelled(family, labels));
    const names = new Set(pushed.map(({ name }) => name));
    const kept = replace === "all" ? [] : before.families.filter(({ name }) => !names.has(name));
    const others = [...this.#groups].flatMap(([other, group]) => (other === key ? [] : group.families));
    const wrong = clash(pushed, [...kept, ...others]);
    this.#groups.set(
      key,
      wrong === undefined
        ? { ...before, pushedAt: now, failedAt: 0, families: [...kept, ...pushed] }
        : { ...before, failedAt: now },
    );
    return wrong;
  }

  delete(labels: GroupLabels): void {
    this.#groups.delete(keyOf(labels));
  }

  /** As it is scraped. */
  text(): string {
    const groups = [...this.#groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
    const byName = Map.groupBy(
      groups.flatMap(({ families }) => families),
      ({ name }) => name,
    );
    const all = [...byName.values()].flatMap(([first, ...rest]) =>
      first === undefined ? [] : [{ ...first, samples: [first, ...rest].flatMap(({ samples }) => samples) }],
    );
    return writeText([...all, ...times(groups)]);
  }
}

/** The group's labels count; a series without an instance must not get the Pushgateway's when it is scraped. */
function labelled(family: Family, labels: GroupLabels): Family {
  const samples = family.samples.map((sample) => {
    return { ...sample, labels: { instance: "", ...sample.labels, ...labels } };
  });
  return { ...family, samples };
}

/** Why the new ones cannot stand beside each other and those that are there. */
function clash(pushed: readonly Family[], there: readonly Family[]): string | undefined {
  const typeOf = new Map(there.map(({ name, type }) => [name, type]));
  const names = new Set(pushed.map(({ name }) => name));
  const taken = new Set(
    there.flatMap(({ name, samples }) => (names.has(name) ? samples.map((sample) => seriesName(sample)) : [])),
  );
  for (const { name, type, samples } of pushed) {
    const other = typeOf.get(name) ?? type;
    if (other !== type) return `${name} is pushed as ${type}; it is here as ${other}`;
    for (const sample of samples) {
      const series = seriesName(sample);
      if (taken.has(series)) return `${series} is there twice`;
      taken.add(series);
    }
  }
  return undefined;
}

function times(groups: readonly Group[]): readonly Family[] {
  const family = (name: string, became: string, at: (group: Group) => number): Family => ({
    ...{ name, type: "gauge", help: `Last Unix time when changing this group in the Pushgateway ${became}.` },
    samples: groups.map((group): Sample => {
      return { name, labels: { instance: "", ...group.labels }, value: formatNumber(at(group)) };
    }),
  });
  if (groups.length === 0) return [];
  return [
    family("push_time_seconds", "succeeded", ({ pushedAt }) => pushedAt),
    family("push_failure_time_seconds", "failed", ({ failedAt }) => failedAt),
  ];
}

function keyOf(labels: GroupLabels): string {
  return seriesName({ name: "", labels });
}
