import { expect, test } from "vitest";
import { type Change, Entry } from "./entry.ts";
import { seenBy } from "./watch.ts";

const place = { resource: "secrets", namespace: "demo", name: "one" };
const entry = (version: number, isIn: boolean) =>
  new Entry(place, version, JSON.stringify({ metadata: { resourceVersion: String(version) }, in: isIn }));
const chosen = { matches: (each: Entry) => each.text.includes('"in":true') };
const [inside, outside] = [true, false];

test.each<[string, Change["type"], boolean | undefined, boolean, string | undefined]>([
  ["a new one", "ADDED", undefined, inside, "ADDED 7 true"],
  ["a new one that is not chosen", "ADDED", undefined, outside, undefined],
  ["a change", "MODIFIED", inside, inside, "MODIFIED 7 true"],
  ["a change that brings it in", "MODIFIED", outside, inside, "ADDED 7 true"],
  // as it was when it was last chosen
  ["a change that takes it out", "MODIFIED", inside, outside, "DELETED 7 true"],
  ["a change outside", "MODIFIED", outside, outside, undefined],
  ["a deletion", "DELETED", inside, inside, "DELETED 7 true"],
  ["a deletion outside", "DELETED", outside, outside, undefined],
  ["a change from before a restart", "MODIFIED", undefined, inside, "MODIFIED 7 true"],
  ["a change from before a restart that may have taken it out", "MODIFIED", undefined, outside, "DELETED 7 false"],
])("whoever has chosen some sees %s", (_title, type, before, after, seen) => {
  const change = {
    version: 7,
    type,
    before: before === undefined ? undefined : entry(5, before),
    after: entry(7, after),
  };
  const found = seenBy(chosen, change);
  const told =
    found && `${found.type} ${found.entry.parse()["metadata"] && found.entry.version} ${found.entry.parse()["in"]}`;
  expect(told).toBe(seen);
  if (found !== undefined) expect(found.entry.parse()).toMatchObject({ metadata: { resourceVersion: "7" } });
});
