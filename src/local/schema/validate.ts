import { at, type JsonObject } from "../json.ts";
import type { ServedResource } from "../served.ts";
import type { FieldError } from "./field-error.ts";
import { metadataChangeErrors, metadataErrors } from "./metadata.ts";
import { ruleErrors, transitionErrors } from "./rules.ts";
import { structuralErrors } from "./structural.ts";
import { cronJobErrors, jobErrors } from "./validate-batch.ts";
import { changeErrors } from "./validate-change.ts";
import {
  claimErrors,
  configMapErrors,
  endpointsErrors,
  eventErrors,
  leaseErrors,
  secretErrors,
  serviceErrors,
  storageClassErrors,
  volumeErrors,
} from "./validate-core.ts";
import { podSpecErrors } from "./validate-pod.ts";
import { bindingErrors, roleErrors } from "./validate-rbac.ts";

type Check = (object: JsonObject, before?: JsonObject) => readonly FieldError[];

/** The checks of Kubernetes' own kinds that users meet; what only Kubernetes' rarer features say is not among them. */
const checks: Readonly<Record<string, Check>> = {
  ClusterRole: (role) => roleErrors(role, false),
  ClusterRoleBinding: (binding) => bindingErrors(binding, false),
  ConfigMap: configMapErrors,
  CronJob: cronJobErrors,
  Endpoints: endpointsErrors,
  Event: eventErrors,
  Job: jobErrors,
  Lease: leaseErrors,
  PersistentVolume: volumeErrors,
  PersistentVolumeClaim: claimErrors,
  Pod: (pod) => podSpecErrors(at(pod, "spec"), "spec"),
  Role: (role) => roleErrors(role, true),
  RoleBinding: (binding) => bindingErrors(binding, true),
  Secret: secretErrors,
  Service: serviceErrors,
  StorageClass: storageClassErrors,
};

/** What is wrong with a new object, decoded, filled in and prepared; none: nothing. Answered with 422 Invalid. */
export function validate(resource: ServedResource, object: JsonObject): readonly FieldError[] {
  return errorsOf(resource, object);
}

/** What is wrong with `after`, and with its taking the place of `before`. */
export function validateUpdate(
  resource: ServedResource,
  before: JsonObject,
  after: JsonObject,
  { isStatus = false }: { readonly isStatus?: boolean } = {},
): readonly FieldError[] {
  const { isOurs, kind } = resource;
  // who writes the status of a built-in kind cannot touch the rest, which is then not looked at
  if (isStatus && !isOurs) return [...metadataChangeErrors(before, after), ...metadataErrors(kind, after)];
  const all = errorsOf(resource, after, before);
  const errors = isOurs && isStatus ? all.map(asOfStatus) : all;
  // where the shape is wrong Kubernetes looks at no rules, and says so of the whole
  const isReadable = !errors.some(({ field }) => field === "<nil>");
  return [
    ...metadataChangeErrors(before, after),
    ...errors,
    ...(isOurs ? (isReadable ? transitionErrors(kind, before, after) : []) : changeErrors(kind, before, after)),
  ];
}

/** A custom resource's status alone is held to its part of the schema: there names begin below it. */
function asOfStatus({ field, message, ...rest }: FieldError): FieldError {
  if (field !== "status" && !field.startsWith("status.")) return { field, message, ...rest };
  const name = field.slice("status".length).replace(/^\./, "");
  return { ...rest, field, message: message.replace(`${field} in body`, `${name} in body`) };
}

function errorsOf({ isOurs, kind, schema = {} }: ServedResource, object: JsonObject, before?: JsonObject) {
  const metadata = metadataErrors(isOurs ? "" : kind, object);
  if (!isOurs) return [...metadata, ...(checks[kind]?.(object, before) ?? [])];
  const errors = structuralErrors(schema, object);
  return [...metadata, ...errors, ...ruleErrors(kind, schema, object, errors)];
}
