import { isObject, type JsonObject, type JsonValue } from "./json.ts";
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

/** What a patch of a media type makes of an object. Throws Refused for types that are not taken. */
export function patcherOf(
  resource: ServedResource,
  mediaType: string,
  body: JsonValue,
): (before: JsonObject) => JsonObject {
  switch (mediaType) {
    case types.json:
      return (before) => patched(jsonPatch(before, body));
    case types.merge:
      if (!isObject(body)) throw badRequest("the patch is no JSON object");
      return (before) => mergePatch(before, body);
    case types.strategic:
      // as Kubernetes has it: custom resources take none
      if (resource.isOurs) throw unsupportedMediaType(acceptedFor(resource));
      if (!isObject(body)) throw badRequest("the patch is no JSON object");
      return (before) => patched(strategicMerge(resource, before, body));
    case types.apply:
      throw new Refused(415, "UnsupportedMediaType", "server-side apply is not served here: leave out --server-side");
    default:
      throw unsupportedMediaType(acceptedFor(resource));
  }
}

function acceptedFor({ isOurs }: ServedResource): readonly string[] {
  return isOurs ? [types.json, types.merge] : [types.json, types.merge, types.strategic];
}

function patched(result: Patched): JsonObject {
  if (result.kind === "patched") return result.object;
  if (result.status === 400) throw badRequest(result.message);
  throw invalidPatch(result.status, result.message);
}
