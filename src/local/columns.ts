import type { JsonObject, JsonValue } from "./json.ts";

/** A column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0: always shown; 1: with `-o wide`. */
  readonly priority: number;
  /** `now` in ms since 1970, for ages. */
  readonly cell: (object: JsonObject, now: number) => JsonValue;
}
