import { isObject, type JsonValue } from "../json.ts";

export const patchMarker = "$patch";
export const retainKeys = "$retainKeys";
export const orderPrefix = "$setElementOrder/";
export const deleteFromPrefix = "$deleteFromPrimitiveList/";

export function hasDirective(item: JsonValue): boolean {
  return isObject(item) && Object.hasOwn(item, patchMarker);
}

export interface Order {
  /** Items (or their keys, as objects) in the order that is asked for. */
  readonly order: readonly JsonValue[];
  /** The list as it was. */
  readonly before: readonly JsonValue[];
  /** The field that tells items apart; undefined: they are texts or numbers. */
  readonly key: string | undefined;
}

/**
 * `items` as Kubernetes orders them after a merge: what the patch names in the patch's order, all else as it was; one of the
 * latter comes first only where it did before.
 */
export function ordered(items: readonly JsonValue[], { order, before, key }: Order): readonly JsonValue[] {
  const idOf = (item: JsonValue) => (key !== undefined && isObject(item) ? String(item[key]) : String(item));
  const wanted = order.map(idOf);
  const were = before.map(idOf);
  const place = (ids: readonly string[]) => (one: JsonValue, other: JsonValue) =>
    ids.indexOf(idOf(one)) - ids.indexOf(idOf(other));
  const named = items.filter((each) => wanted.includes(idOf(each))).sort(place(wanted));
  const others = items.filter((each) => !wanted.includes(idOf(each))).sort(place(were));
  const result: JsonValue[] = [];
  let [nextNamed, nextOther] = [0, 0];
  while (nextNamed < named.length || nextOther < others.length) {
    const one = named[nextNamed];
    const other = others[nextOther];
    if (other !== undefined && (one === undefined || isBefore(were, idOf(other), idOf(one)))) {
      result.push(other);
      nextOther++;
    } else if (one !== undefined) {
      result.push(one);
      nextNamed++;
    }
  }
  return result;
}

function isBefore(ids: readonly string[], one: string, other: string): boolean {
  return ids.includes(other) && ids.indexOf(one) < ids.indexOf(other);
}
