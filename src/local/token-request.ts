import { formatTime } from "../kit/quantities.ts";
import { coreResource } from "./admit.ts";
import { at, type JsonObject, listAt, textAt } from "./json.ts";
import { find, metadataOf, type ObjectAt, type Objects } from "./objects.ts";
import { type Cause, conflict, forbidden, invalid, notFound } from "./status.ts";
import { type Claims, issuer, signToken } from "./tokens.ts";

const usualSeconds = 3600;
const fewestSeconds = 600;
const mostSeconds = 2 ** 32;

/** A token of a ServiceAccount, as `asked` wants it: for whom, how long, and bound to which pod. */
export function tokenRequest(
  objects: Objects,
  account: ObjectAt,
  { asked, key }: { readonly asked: JsonObject; readonly key: Uint8Array },
): JsonObject {
  const { namespace, name } = account;
  const uid = textAt(find(objects, account).parse(), "metadata", "uid");
  const seconds = secondsOf(asked);
  const given = listAt(asked, "spec", "audiences").filter((one): one is string => typeof one === "string");
  const audiences = given.length === 0 ? [issuer] : given;
  const pod = boundPod(objects, account, asked);
  const now = objects.clock();
  const iat = Math.floor(now.getTime() / 1000);
  const claims: Claims = {
    ...{ iss: issuer, sub: `system:serviceaccount:${namespace}:${name}`, aud: audiences, iat, exp: iat + seconds },
    "kubernetes.io": { namespace, serviceaccount: { name, uid }, ...(pod === undefined ? {} : { pod }) },
  };
  const expirationTimestamp = formatTime(new Date((iat + seconds) * 1000));
  return {
    ...{ kind: "TokenRequest", apiVersion: "authentication.k8s.io/v1" },
    metadata: { name, namespace, creationTimestamp: formatTime(now) },
    spec: { ...boundRef(asked), audiences, expirationSeconds: seconds },
    status: { token: signToken(claims, key), expirationTimestamp },
  };
}

function boundRef(asked: JsonObject): JsonObject {
  const boundObjectRef = at(asked, "spec", "boundObjectRef");
  return boundObjectRef === undefined ? {} : { boundObjectRef };
}

function secondsOf(asked: JsonObject): number {
  const seconds = at(asked, "spec", "expirationSeconds") ?? usualSeconds;
  if (typeof seconds !== "number" || seconds < fewestSeconds) {
    throw refused(`Invalid value: ${seconds}: may not specify a duration less than 10 minutes`);
  }
  if (seconds > mostSeconds)
    throw refused(`Invalid value: ${seconds}: may not specify a duration larger than 2^32 seconds`);
  return seconds;
}

function refused(message: string): Error {
  const cause: Cause = { reason: "FieldValueInvalid", message, field: "spec.expirationSeconds" };
  return invalid({ group: "authentication.k8s.io", plural: "tokenrequests", kind: "TokenRequest" }, "", [cause]);
}

function boundPod({ store }: Objects, account: ObjectAt, asked: JsonObject): Claims["kubernetes.io"]["pod"] {
  const reference = at(asked, "spec", "boundObjectRef");
  if (reference === undefined || reference === null) return undefined;
  const pods = coreResource("pods");
  const { namespace } = account;
  const name = textAt(reference, "name");
  if (textAt(reference, "kind") !== "Pod") {
    throw forbidden(account.resource, account.name, "cannot bind token to an object of another kind than Pod");
  }
  const pod = store.get({ resource: "pods", namespace, name })?.parse();
  if (pod === undefined) throw notFound(pods, name);
  const { uid } = metadataOf(pod);
  const wanted = textAt(reference, "uid");
  if (typeof uid !== "string" || (wanted !== "" && wanted !== uid)) {
    const why = `the UID in the bound object reference (${wanted}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict(pods, name, why);
  }
  return { name, uid };
}
