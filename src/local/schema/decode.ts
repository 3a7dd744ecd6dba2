import { at, isObject, type JsonObject } from "../json.ts";
import { groupVersionOf, type ServedResource } from "../served.ts";
import { Misread, readTyped } from "./decode-typed.ts";
import { prune } from "./prune.ts";

export type Decoded =
  | {
      readonly kind: "decoded";
      /** Without unknown fields and without nulls; amounts, times and bytes in the form in which they are kept. */
      readonly object: JsonObject;
      /** Paths of the fields that were dropped: `spec.containers[0].foo`. */
      readonly unknownFields: readonly string[];
    }
  /** `message`: what is said of an object that was sent as it is, with 400 BadRequest; `why`: its end. */
  | { readonly kind: "refused"; readonly message: string; readonly why: string };

const metadataSchema = { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" } as const;

/** What of `object` is taken: the first step of every write. */
export function decode(resource: ServedResource, object: JsonObject): Decoded {
  try {
    return { kind: "decoded", ...(resource.isOurs ? decodeOurs(resource, object) : decodeTyped(resource, object)) };
  } catch (error) {
    if (!(error instanceof Misread)) throw error;
    return { kind: "refused", message: cannotHandle(resource, error.message), why: error.message };
  }
}

/** Why `fieldValidation=Strict` refuses unknown fields. */
export function strictly(unknownFields: readonly string[]): string {
  return `strict decoding error: ${unknownFields.map((field) => `unknown field ${JSON.stringify(field)}`).join(", ")}`;
}

export function cannotHandle({ version, kind }: ServedResource, why: string): string {
  return `${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`;
}

interface Taken {
  readonly object: JsonObject;
  readonly unknownFields: readonly string[];
}

function decodeTyped(resource: ServedResource, object: JsonObject): Taken {
  const { kind, schema } = resource;
  if (schema === undefined) return { object, unknownFields: [] };
  const { value, unknownFields } = readTyped(schema, object, { struct: kind, names: "", path: "" });
  return { object: { kind, apiVersion: groupVersionOf(resource), ...(isObject(value) ? value : {}) }, unknownFields };
}

/** The metadata of a custom resource is typed; the rest is only pruned here and checked by its schema later. */
function decodeOurs({ schema = {} }: ServedResource, object: JsonObject): Taken {
  const given = at(object, "metadata") ?? {};
  const { metadata: _, ...rest } = object;
  const typed = readTyped(metadataSchema, given, { struct: "ObjectMeta", names: "", path: "metadata" });
  const { value, unknownFields } = prune(schema, rest);
  return {
    object: { ...(isObject(value) ? value : {}), metadata: typed.value ?? {} },
    unknownFields: [...typed.unknownFields, ...[...unknownFields].sort()],
  };
}
