import { z } from "zod";
import { type Issue, sentenceOf } from "../api/mistake.ts";
import type { RefusedObject } from "./cluster.ts";
import { apiVersionOf, type Key, type KubeObject, type Resource } from "./resource.ts";

/** What the server sent, as the resource's schema takes it. */
export type ReadObject<T> = { readonly object: T } | { readonly refused: RefusedObject };

const Raw = z.record(z.string(), z.unknown());

/** One page of a list, or a watch event's object, as far as it is the same for all kinds. */
export const RawList = z.object({
  items: z.array(z.unknown()).nullish(),
  metadata: z.object({ resourceVersion: z.string().nullish(), continue: z.string().nullish() }).nullish(),
});

/** Takes `raw` over: it is changed. managedFields are dropped, which are of no use to us and often half of an object. */
export function readObject<T extends KubeObject>(resource: Resource<T>, raw: unknown): ReadObject<T> {
  const parsed = Raw.safeParse(raw);
  if (!parsed.success) return { refused: { key: { name: "" }, reason: "not an object" } };
  const { metadata, ...fields } = parsed.data;
  if (isRecord(metadata)) delete metadata["managedFields"];
  const whole = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, ...fields };
  const result = parse(resource, whole);
  return result.success
    ? { object: result.data }
    : { refused: { key: keyOfRaw(metadata), reason: complaintOf(resource, result.error.issues) } };
}

/** The resourceVersion of an object that no schema has looked at. */
export function versionOfRaw(raw: unknown): string {
  const metadata = isRecord(raw) ? raw["metadata"] : undefined;
  const version = isRecord(metadata) ? metadata["resourceVersion"] : undefined;
  return typeof version === "string" ? version : "";
}

function parse<T extends KubeObject>({ schema }: Resource<T>, whole: unknown): z.ZodSafeParseResult<T> {
  const result = schema.safeParse(whole);
  // An API server stores null for a field that is not there when it was told so.
  return result.success ? result : schema.safeParse(withoutNulls(whole), { reportInput: true });
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, each]) => each !== null);
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutNulls(each)]));
}

function complaintOf<T extends KubeObject>({ kind }: Resource<T>, issues: readonly z.core.$ZodIssue[]): string {
  const [first] = issues;
  if (first === undefined) return "not as its schema says";
  // The sentence quotes the value.
  return kind === "Secret" ? `${first.path.join(".")} is wrong` : sentenceOf(first as Issue);
}

function keyOfRaw(metadata: unknown): Key {
  const { name, namespace } = isRecord(metadata) ? metadata : {};
  const text = typeof name === "string" ? name : "";
  return typeof namespace === "string" ? { namespace, name: text } : { name: text };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
