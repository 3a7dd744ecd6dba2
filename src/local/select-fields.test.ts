import { expect, test } from "vitest";
import type { JsonObject } from "./json.ts";
import { parseFieldSelector } from "./select-fields.ts";
import { servedAt } from "./served.ts";

function asked(place: string, text: string, object: JsonObject): boolean | string {
  const [group = "", version = "", plural = ""] = place.split("/");
  const resource = servedAt(group, version, plural);
  if (resource === undefined) throw new Error(`${place} is not served`);
  const selection = parseFieldSelector(text, resource);
  return selection.kind === "refused" ? selection.message : selection.matches(object);
}

const configMap = { metadata: { name: "a", namespace: "demo" } };
const pod = { metadata: { name: "a" }, spec: { nodeName: "one" }, status: { phase: "Running" } };
const event = {
  metadata: {},
  involvedObject: { kind: "Pod", name: "p" },
  source: { component: "us" },
  type: "Warning",
};

test.each<[string, string, JsonObject, boolean | string]>([
  ["/v1/configmaps", "", configMap, true],
  ["/v1/configmaps", ",", configMap, true],
  ["/v1/configmaps", "metadata.name=a", configMap, true],
  ["/v1/configmaps", "metadata.name==b", configMap, false],
  ["/v1/configmaps", "metadata.name!=b,metadata.namespace=demo", configMap, true],
  ["/v1/configmaps", "metadata.name=a\\,b", { metadata: { name: "a,b" } }, true],
  ["/v1/pods", "spec.nodeName=one,status.phase!=Failed", pod, true],
  ["/v1/pods", "spec.nodeName=", { metadata: {}, spec: {} }, true],
  ["/v1/pods", "spec.hostNetwork=false", pod, true],
  ["/v1/events", "involvedObject.name=p,involvedObject.kind=Pod", event, true],
  ["/v1/events", "source=us,type=Normal", event, false],
  ["/v1/secrets", "type=Opaque", { metadata: {}, type: "Opaque" }, true],
  ["batch/v1/jobs", "status.successful=1", { metadata: {}, status: { succeeded: 1 } }, true],
  // As kube-apiserver 1.35 answers.
  ["/v1/pods", "foo=bar", pod, "field label not supported: foo"],
  ["/v1/pods", "=a", pod, "field label not supported: "],
  ["/v1/nodes", "metadata.namespace=a", pod, "field label not supported: metadata.namespace"],
  [
    "/v1/configmaps",
    "status.phase=x",
    configMap,
    '"status.phase" is not a known field selector: only "metadata.name", "metadata.namespace"',
  ],
  ["batch/v1/jobs", "foo=x", {}, 'field label "foo" not supported for Job'],
  ["stash.appscode.com/v1beta1/backupconfigurations", "spec.paused=true", {}, "field label not supported: spec.paused"],
  ["/v1/pods", "metadata.name", pod, "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
  ["/v1/pods", "a,b=c", pod, "invalid selector: 'a,b=c'; can't understand 'a'"],
  ["/v1/pods", "metadata.name=a\\x", pod, "invalid field selector: invalid escape sequence: \\x"],
  ["/v1/pods", "metadata.name=a\\", pod, "invalid field selector: invalid escape sequence: \\"],
  ["/v1/pods", "metadata.name=a=b", pod, "invalid field selector: unescaped character in value: 61"],
])("among %s, the field selector %j", (place, text, object, answer) => {
  expect(asked(place, text, object)).toEqual(answer);
});
