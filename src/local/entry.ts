import { at, isObject, type JsonObject, type JsonValue, textAt } from "./json.ts";

/** Where an object lies. `resource`: `plural` or `plural.group`. `namespace`: "" for objects of the cluster. */
export interface Place {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

/** An object as it is stored, at one version. It never changes; a write makes another one. */
export class Entry implements Place {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** Of the last write; the object's resourceVersion. */
  readonly version: number;
  /** JSON. */
  readonly text: string;
  #labelled: JsonObject | undefined;

  constructor({ resource, namespace, name }: Place, version: number, text: string) {
    this.resource = resource;
    this.namespace = namespace;
    this.name = name;
    this.version = version;
    this.text = text;
  }

  /** Read anew each time: texts take a fifth of the memory. */
  parse(): JsonObject {
    const object: JsonValue = JSON.parse(this.text);
    if (!isObject(object)) throw new TypeError(`${this.resource} ${this.key} is no object`);
    return object;
  }

  /** What lists are chosen from by labels with: an object with its labels alone, kept once read. */
  get labelled(): JsonObject {
    this.#labelled ??= { metadata: { labels: this.text.includes('"labels"') ? labelsOf(this.parse()) : {} } };
    return this.#labelled;
  }

  get uid(): string {
    return textAt(this.parse(), "metadata", "uid");
  }

  /** Sorts as Kubernetes sorts lists. */
  get key(): string {
    return keyOf(this.namespace, this.name);
  }
}

function labelsOf(object: JsonObject): JsonValue {
  return at(object, "metadata", "labels") ?? {};
}

export function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** What a write did. */
export interface Change {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** undefined for a new object, and for a change before the last start whose predecessor is no longer known. */
  readonly before: Entry | undefined;
  /** For DELETED: the last state, with the version of the deletion. */
  readonly after: Entry;
}
