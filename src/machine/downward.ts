import type { MachinePod, PodContainer } from "./pod.ts";
import { amountOf } from "./quantity.ts";

/** What a pod may know of itself (fieldRef, resourceFieldRef). */

export interface Place {
  readonly nodeName: string;
  readonly address: string;
  /** Of the node, where a container has no limit of its own. */
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** The value of a fieldRef; undefined when a node does not know such a field. */
export function fieldOf({ metadata, spec }: MachinePod, path: string, place: Place): string | undefined {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed !== null) {
    const [, map, key = ""] = keyed;
    return (map === "labels" ? metadata.labels : metadata.annotations)?.[key] ?? "";
  }
  switch (path) {
    case "metadata.name":
      return metadata.name ?? "";
    case "metadata.namespace":
      return metadata.namespace ?? "";
    case "metadata.uid":
      return metadata.uid ?? "";
    case "metadata.labels":
      return mapText(metadata.labels);
    case "metadata.annotations":
      return mapText(metadata.annotations);
    case "spec.nodeName":
      return place.nodeName;
    case "spec.serviceAccountName":
      return spec.serviceAccountName ?? "";
    case "status.podIP":
    case "status.podIPs":
    case "status.hostIP":
    case "status.hostIPs":
      return place.address;
    default:
      return undefined;
  }
}

/** One `key="value"` a line, as a kubelet writes labels into a file. */
function mapText(map: Readonly<Record<string, string>> | null | undefined): string {
  return Object.entries(map ?? {})
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .toSorted()
    .join("\n");
}

export interface ResourceField {
  readonly resource: string;
  readonly divisor?: string | number | null | undefined;
}

/** The value of a resourceFieldRef: in units of the divisor, rounded up; undefined for what a container does not have. */
export function resourceOf(
  container: PodContainer,
  { resource, divisor }: ResourceField,
  place: Place,
): string | undefined {
  const match = /^(limits|requests)\.(.+)$/.exec(resource);
  if (match === null) return undefined;
  const [, kind, name = ""] = match;
  const { limits, requests } = container.resources ?? {};
  const given = kind === "limits" ? limits?.[name] : (requests?.[name] ?? limits?.[name]);
  const amount = given === undefined ? (kind === "limits" ? ofNode(name, place) : 0) : amountOf(given);
  const unit = divisor === undefined || divisor === null ? 1 : amountOf(divisor);
  if (amount === undefined) return undefined;
  // 0.1 / 0.001 is a little more than 100
  return String(Math.ceil(Number((amount / (unit === 0 ? 1 : unit)).toFixed(6))));
}

function ofNode(name: string, place: Place): number | undefined {
  if (name === "cpu") return place.cpus;
  if (name === "memory") return place.memoryBytes;
  return name === "ephemeral-storage" ? 0 : undefined;
}
