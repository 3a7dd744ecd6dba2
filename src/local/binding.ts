import { formatTime } from "../kit/quantities.ts";
import { at, isObject, type JsonObject, textAt } from "./json.ts";
import { find, isGoing, type ObjectAt, type Objects, placeOf, textOf, type WriteOptions } from "./objects.ts";
import { badRequest, conflict } from "./status.ts";

/** Says on which node a pod runs: once. */
export async function bind(
  objects: Objects,
  target: ObjectAt,
  binding: JsonObject,
  { dryRun }: Pick<WriteOptions, "dryRun">,
): Promise<void> {
  const node = textAt(binding, "target", "name");
  if (node === "") throw badRequest("target.name: Required value");
  const pod = find(objects, target).parse();
  const bindings = { ...target.resource, plural: "pods/binding" };
  const before = textAt(pod, "spec", "nodeName");
  if (before !== "")
    throw conflict(bindings, target.name, `pod ${target.name} is already assigned to node "${before}"`);
  if (isGoing(pod))
    throw conflict(bindings, target.name, `pod ${target.name} is being deleted, cannot be assigned to a host`);
  if (!dryRun)
    await objects.store.put(placeOf(target), (version) => textOf(bound(pod, node, objects.clock()), version));
}

function bound(pod: JsonObject, node: string, now: Date): JsonObject {
  const spec = at(pod, "spec");
  const status = at(pod, "status");
  const conditions = at(status, "conditions");
  const others = (Array.isArray(conditions) ? conditions : []).filter((one) => textAt(one, "type") !== "PodScheduled");
  const scheduled = {
    ...{ type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: formatTime(now) },
  };
  return {
    ...pod,
    spec: { ...(isObject(spec) ? spec : {}), nodeName: node },
    status: { ...(isObject(status) ? status : {}), conditions: [...others, scheduled] },
  };
}
