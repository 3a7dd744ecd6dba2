import type { ConfigMap, Secret } from "../kube/core.ts";
import { fieldOf, type Place, resourceOf } from "./downward.ts";
import { expand } from "./expand.ts";
import type { EnvVar, MachinePod, PodContainer } from "./pod.ts";

/** The objects of a pod's namespace that it names, as they were read; absent when they were not there. */
export interface Named {
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly configMaps: ReadonlyMap<string, ConfigMap>;
}

export interface NamedObjects {
  readonly secrets: readonly string[];
  readonly configMaps: readonly string[];
}

export type Variables = Readonly<Record<string, string>>;

export type Environment =
  | { readonly kind: "built"; readonly variables: Variables }
  /** As a kubelet says it: something that is named is not there (yet). */
  | { readonly kind: "lacking"; readonly message: string };

/** What has to be read before the environment can be built. */
export function namedIn(container: PodContainer): NamedObjects {
  const secrets = new Set<string>();
  const configMaps = new Set<string>();
  for (const { secretRef, configMapRef } of container.envFrom ?? []) {
    if (secretRef?.name !== undefined) secrets.add(secretRef.name);
    if (configMapRef?.name !== undefined) configMaps.add(configMapRef.name);
  }
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.secretKeyRef?.name !== undefined) secrets.add(valueFrom.secretKeyRef.name);
    if (valueFrom?.configMapKeyRef?.name !== undefined) configMaps.add(valueFrom.configMapKeyRef.name);
  }
  return { secrets: [...secrets], configMaps: [...configMaps] };
}

export interface EnvironmentRequest {
  readonly pod: MachinePod;
  readonly container: PodContainer;
  readonly place: Place;
  readonly named: Named;
  /** What every container is given; the container's own go before. */
  readonly base: Variables;
}

/** A container's environment: base, then envFrom, then env, where each may use those before it. */
export function buildEnvironment(request: EnvironmentRequest): Environment {
  const variables: Record<string, string> = { ...request.base };
  for (const source of request.container.envFrom ?? []) {
    const lacking = putAll(source, request, variables);
    if (lacking !== undefined) return { kind: "lacking", message: lacking };
  }
  for (const one of request.container.env ?? []) {
    const value = readValue(one, request, variables);
    if (value.kind === "lacking") return value;
    if (value.kind === "value") variables[one.name] = value.text;
  }
  return { kind: "built", variables };
}

type EnvFrom = NonNullable<PodContainer["envFrom"]>[number];

function putAll(
  { prefix = "", secretRef, configMapRef }: EnvFrom,
  { named }: EnvironmentRequest,
  into: Record<string, string>,
) {
  const wanted = secretRef ?? configMapRef;
  const name = wanted?.name ?? "";
  const found = secretRef ? secretTexts(named.secrets.get(name)) : configMapTexts(named.configMaps.get(name));
  if (found === undefined) {
    return wanted?.optional === true ? undefined : `${secretRef ? "secret" : "configmap"} "${name}" not found`;
  }
  for (const [key, text] of Object.entries(found)) {
    if (isVariableName(prefix + key)) into[prefix + key] = text;
  }
  return undefined;
}

type Value =
  | { readonly kind: "value"; readonly text: string }
  | { readonly kind: "none" }
  | { readonly kind: "lacking"; readonly message: string };

function readValue({ value, valueFrom }: EnvVar, request: EnvironmentRequest, before: Variables): Value {
  if (!valueFrom) return { kind: "value", text: expand(value ?? "", before) };
  const { secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef } = valueFrom;
  const { named } = request;
  if (secretKeyRef) return keyOf("secret", secretKeyRef, secretTexts(named.secrets.get(secretKeyRef.name ?? "")));
  if (configMapKeyRef) {
    return keyOf("configmap", configMapKeyRef, configMapTexts(named.configMaps.get(configMapKeyRef.name ?? "")));
  }
  const text = fieldRef
    ? fieldOf(request.pod, fieldRef.fieldPath, request.place)
    : resourceFieldRef && resourceOf(request.container, resourceFieldRef, request.place);
  if (text !== undefined && text !== null) return { kind: "value", text };
  const what = fieldRef?.fieldPath ?? resourceFieldRef?.resource ?? Object.keys(valueFrom).join(", ");
  return { kind: "lacking", message: `this node does not know the field "${what}"` };
}

interface KeyRef {
  readonly name?: string | undefined;
  readonly key: string;
  readonly optional?: boolean | null | undefined;
}

function keyOf(kind: string, { name = "", key, optional }: KeyRef, texts: Variables | undefined): Value {
  const text = texts?.[key];
  if (text !== undefined) return { kind: "value", text };
  if (optional === true) return { kind: "none" };
  if (texts === undefined) return { kind: "lacking", message: `${kind} "${name}" not found` };
  return { kind: "lacking", message: `couldn't find key ${key} in ${kind} ${name}` };
}

function secretTexts(secret: Secret | undefined): Variables | undefined {
  if (secret === undefined) return undefined;
  const entries = Object.entries(secret.data ?? {});
  return Object.fromEntries(entries.map(([key, base64]) => [key, Buffer.from(base64, "base64").toString("utf8")]));
}

function configMapTexts(configMap: ConfigMap | undefined): Variables | undefined {
  return configMap === undefined ? undefined : (configMap.data ?? {});
}

function isVariableName(name: string): boolean {
  return /^[\x20-\x3c\x3e-\x7e]+$/.test(name);
}
