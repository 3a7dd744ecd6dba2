import { isObject, type JsonObject, type JsonValue } from "./json.ts";
import { goText } from "./patch/go-text.ts";
import { jsonPatch } from "./patch/json-patch.ts";
import { mergePatch } from "./patch/merge-patch.ts";
import type { Patched } from "./patch/patched.ts";
import { strategicMerge } from "./patch/strategic-merge.ts";
import type { ServedResource } from "./served.ts";
import { badRequest, invalidPatch, Refused, unsupportedMediaType } from "./status.ts";

const types = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

export interface Patcher {
  /** What the patch makes of an object. Throws Refused where it does not fit. */
  patched(before: JsonObject): JsonObject;
  /** What is said to be wrong when what it made cannot be read. */
  blamed(made: JsonObject): string;
}

/** Throws Refused for media types that are not taken. */
export function patcherOf(resource: ServedResource, mediaType: string, body: JsonValue): Patcher {
  switch (mediaType) {
    case types.json:
      return { patched: (before) => patched(jsonPatch(before, body)), blamed: jsonOf };
    case types.merge:
      if (!isObject(body)) throw badRequest("the patch is no JSON object");
      return { patched: (before) => mergePatch(before, body), blamed: jsonOf };
    case types.strategic:
      // as Kubernetes has it: custom resources take none
      if (resource.isOurs) throw unsupportedMediaType(acceptedFor(resource));
      if (!isObject(body)) throw badRequest("the patch is no JSON object");
      return {
        patched: (before) => patched(strategicMerge(resource, before, body)),
        blamed: () => shortened(goText(body)),
      };
    case types.apply:
      throw new Refused(415, "UnsupportedMediaType", "server-side apply is not served here: leave out --server-side");
    default:
      throw unsupportedMediaType(acceptedFor(resource));
  }
}

const mostBlamed = 10_000;

/** Nobody reads the megabytes that an object may have, and they would be sent twice. */
function shortened(text: string): string {
  const half = mostBlamed / 2;
  return text.length <= mostBlamed ? text : `${text.slice(0, half)} ... ${text.slice(-half)}`;
}

function jsonOf(made: JsonObject): string {
  return shortened(JSON.stringify(made));
}

function acceptedFor({ isOurs }: ServedResource): readonly string[] {
  return isOurs ? [types.json, types.merge] : [types.json, types.merge, types.strategic];
}

function patched(result: Patched): JsonObject {
  if (result.kind === "patched") return result.object;
  if (result.status === 400) throw badRequest(result.message);
  throw invalidPatch(result.status, result.message);
}
