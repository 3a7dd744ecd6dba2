import { bracketed } from "../kit/hosts.ts";
import type { Endpoints, Service } from "../kube/core.ts";

/** More does not fit into one variable of a process (128 KiB on Linux). */
const mostBytes = 100_000;

export interface HostsRequest {
  /** Of the pod: its own services go by their bare name too, and come first where there are too many. */
  readonly namespace: string;
  readonly services: readonly Service[];
  readonly endpoints: readonly Endpoints[];
  /** host:port of the API server as this machine reaches it. */
  readonly apiServer: string;
  /** Given by whoever started the node; goes before all else. */
  readonly given: Readonly<Record<string, string>>;
}

/** What names of the cluster mean on this machine: COLDSTREAM_HOSTS. */
export function hostsOf({
  namespace,
  services,
  endpoints,
  apiServer,
  given,
}: HostsRequest): Readonly<Record<string, string>> {
  const table: Record<string, string> = { ...given };
  for (const name of ["kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "kubernetes.default"]) {
    table[`${name}:443`] ??= apiServer;
  }
  let size = JSON.stringify(table).length;
  const isOwn = ({ metadata }: Service) => metadata.namespace === namespace;
  for (const service of [...services.filter(isOwn), ...services.filter((one) => !isOwn(one))]) {
    const { name, namespace: place } = service.metadata;
    const found = endpoints.find(({ metadata }) => metadata.name === name && metadata.namespace === place);
    for (const [host, address] of entriesOf(service, found, namespace)) {
      size += host.length + address.length + 6;
      if (size > mostBytes) return table;
      table[host] ??= address;
    }
  }
  return table;
}

type Entry = readonly [host: string, address: string];

function entriesOf(service: Service, found: Endpoints | undefined, own: string): readonly Entry[] {
  const { name = "", namespace = "" } = service.metadata;
  const full = `${name}.${namespace}.svc`;
  const names = [full, `${full}.cluster.local`, `${name}.${namespace}`, ...(namespace === own ? [name] : [])];
  const externalName = service.spec?.externalName;
  if (externalName !== undefined && externalName !== "") return names.map((host) => [host, externalName]);
  return (found?.subsets ?? []).flatMap((subset) => subsetEntries(service, subset, names));
}

type Subset = NonNullable<Endpoints["subsets"]>[number];

function subsetEntries({ spec }: Service, { addresses, ports }: Subset, names: readonly string[]): readonly Entry[] {
  const isHeadless = spec?.clusterIP === "None";
  return (ports ?? []).flatMap((target) => {
    const port = (spec?.ports ?? []).find((one) => (one.name ?? "") === (target.name ?? ""));
    // a headless service has no ports of its own: what the name gives is the pods themselves
    const asked = isHeadless ? target.port : port?.port;
    if (asked === undefined) return [];
    return (addresses ?? []).flatMap((address, at) => {
      const place = `${bracketed(address.ip)}:${target.port}`;
      const host = typeof address["hostname"] === "string" ? address["hostname"] : undefined;
      const hosts = [...(at === 0 ? names : []), ...(host === undefined ? [] : names.map((one) => `${host}.${one}`))];
      return hosts.map((one): Entry => [`${one}:${asked}`, place]);
    });
  });
}
