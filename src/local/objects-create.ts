import { formatTime } from "../kit/quantities.ts";
import { admitNew } from "./admit.ts";
import { type JsonObject, type JsonValue, textAt } from "./json.ts";
import {
  addressed,
  isGoing,
  isUnderWay,
  metadataOf,
  type ObjectAt,
  type Objects,
  placeOf,
  textOf,
  type WriteOptions,
  withMetadata,
  without,
} from "./objects.ts";
import { prepareNew } from "./prepare.ts";
import { applyDefaults } from "./schema/defaults.ts";
import { checkNew, shaped } from "./shapes.ts";
import { alreadyExists, badRequest, type Cause, invalid } from "./status.ts";

/** So often another name is tried where one that was made up is taken. */
const mostNames = 8;

export interface CreateOptions extends WriteOptions {
  /** Metadata that only the server says, and the client nevertheless. */
  readonly kept?: Readonly<Record<string, JsonValue | undefined>>;
}

/** Makes an object. Resolves with what was stored, once it is. */
export async function create(
  objects: Objects,
  { resource, namespace }: Omit<ObjectAt, "name">,
  draft: JsonObject,
  options: CreateOptions,
): Promise<JsonObject> {
  const given = shaped(resource, addressed(draft, { resource, namespace }), options);
  if (textAt(given, "metadata", "resourceVersion") !== "") {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  const target = { resource, namespace, name: nameFor(objects, { resource, namespace }, given) };
  const place = placeOf(target);
  const isTaken = () => objects.store.get(place) !== undefined;
  while (isTaken() && isUnderWay(objects, target)) await objects.store.settled();
  const admitted = admitNew(objects, target, withMetadata(born(objects, given, target), options.kept ?? {}));
  // a second time: a Job's labels are those that its pods got
  const object = applyDefaults(resource, prepareNew(resource, admitted));
  checkNew(resource, object);
  const there = objects.store.get(place);
  if (there !== undefined) throw alreadyExists(resource, target.name, { isGoing: isGoing(there.parse()) });
  if (options.dryRun) return object;
  return (await objects.store.put(place, (version) => textOf(object, version))).parse();
}

function nameFor(objects: Objects, where: Omit<ObjectAt, "name">, object: JsonObject): string {
  const name = textAt(object, "metadata", "name");
  if (name !== "") return name;
  const prefix = textAt(object, "metadata", "generateName");
  if (prefix === "") throw invalid(where.resource, "", [nameMissing]);
  for (let tries = 1; ; tries++) {
    const made = `${prefix.slice(0, 58)}${objects.suffix()}`;
    const isTaken = objects.store.get(placeOf({ ...where, name: made })) !== undefined;
    if (!isTaken || tries === mostNames) return made;
  }
}

const nameMissing: Cause = {
  reason: "FieldValueRequired",
  message: "Required value: name or generateName is required",
  field: "metadata.name",
};

/** What the server alone says of an object. */
function born({ clock, uid }: Objects, object: JsonObject, { name }: ObjectAt): JsonObject {
  const { generateName, namespace, labels, annotations, ownerReferences, finalizers } = metadataOf(object);
  const metadata = without({ name, generateName, namespace, uid: uid(), generation: undefined });
  return withMetadata(
    { ...object, metadata },
    { creationTimestamp: formatTime(clock()), labels, annotations, ownerReferences, finalizers },
  );
}
